/** A source of numbers, uniform in [0, 1). */
export type Random = () => number;

/** A generator that gives the same numbers for the same seed (mulberry32), so that a report can be repeated. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The least irrational shares: multiples of them fill a square more evenly than chance does (Roberts's sequence R2). */
const STEPS = [0.7548776662466927, 0.5698402909980532] as const;

/**
 * Sources of numbers, one after the other, whose first two numbers are spread evenly over all that they can be: so
 * that few of them stand for many. The same for the same seed.
 */
export function spread(seed: number): () => Random {
  const rest = seeded(seed);
  const starts = STEPS.map(() => rest());
  let number = 0;
  return () => {
    const first = STEPS.map((step, index) => ((starts[index] as number) + number * step) % 1);
    number++;
    return () => first.shift() ?? rest();
  };
}
