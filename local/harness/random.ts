import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A source of random numbers, uniform in [0, 1). */
export type Random = () => number;

/** A source that returns the same numbers for the same seed, so that a run can be repeated. */
export function seeded(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  return () => (generator.next() >>> 0) / 2 ** 32;
}
