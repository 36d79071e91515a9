import type { Random } from "./random.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SHORTEST = MINUTE;
const LONGEST = 24 * HOUR;

/** How long tasks run, in milliseconds: from a minute to a day. */
export interface Durations {
  name: string;
  /** In words, with everything that somebody would need to draw them too. */
  definition: string;
  draw(random: Random): number;
}

const lognormal: Durations = {
  name: "lognormal",
  definition: "median 20 min, sigma 1.2; drawn again when outside a minute to a day",
  draw(random) {
    for (;;) {
      const duration = 20 * MINUTE * Math.exp(1.2 * normal(random));
      if (duration >= SHORTEST && duration <= LONGEST) return duration;
    }
  },
};

const uniform: Durations = {
  name: "uniform",
  definition: "from a minute to a day",
  draw: (random) => between(random, SHORTEST, LONGEST),
};

const bimodal: Durations = {
  name: "bimodal",
  definition: "four in five uniform from 1 to 10 min, one in five uniform from 1 to 24 h",
  draw: (random) =>
    random() < 0.8 ? between(random, SHORTEST, 10 * MINUTE) : between(random, HOUR, LONGEST),
};

export const DURATIONS: readonly Durations[] = [lognormal, uniform, bimodal];

function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least);
}

/** Box and Muller's; 1 - random() is never 0, so that its logarithm is finite. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
