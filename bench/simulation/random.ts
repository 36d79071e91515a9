import { type Random, seeded } from "../../local/harness/random.ts";

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
