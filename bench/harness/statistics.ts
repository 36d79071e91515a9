/** The value below which a share of the sample lies, by linear interpolation (type 7 of Hyndman and Fan). */
export function quantile(sample: readonly number[], share: number): number {
  // A typed array is sorted numerically, and many times faster.
  const sorted = Float64Array.from(sample).sort();
  if (sorted.length === 0) throw new RangeError("a sample of nothing has no quantile");
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] as number;
  const above = sorted[Math.ceil(position)] as number;
  return below + (above - below) * (position - Math.floor(position));
}

/** The middle of a sample. */
export function median(sample: readonly number[]): number {
  return quantile(sample, 0.5);
}

/** The arithmetic mean of a sample. */
export function mean(sample: readonly number[]): number {
  if (sample.length === 0) throw new RangeError("a sample of nothing has no mean");
  return sample.reduce((sum, value) => sum + value, 0) / sample.length;
}

/** A repeated measurement: its median and its range. */
export interface Repeated {
  median: number;
  least: number;
  most: number;
  runs: number;
}

/** Summarises the runs of one measurement. */
export function repeated(runs: readonly number[]): Repeated {
  return { median: median(runs), least: Math.min(...runs), most: Math.max(...runs), runs: runs.length };
}
