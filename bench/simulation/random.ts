import { type Random, seeded } from "../../local/harness/random.ts";

/** The steps of Roberts's sequence R2, which fills a square more evenly than random points. */
const STEPS = [0.7548776662466927, 0.5698402909980532] as const;

/**
 * Creates sources of random numbers whose first two numbers are evenly spread over all sources, so that few of them
 * represent many. The same seed gives the same sources.
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
