import type { Random } from "../../local/harness/random.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The shortest and the longest run time of a task, in milliseconds. */
export const SHORTEST = MINUTE;
export const LONGEST = 24 * HOUR;

/** How long tasks run, in milliseconds: from a minute to a day. */
export interface Durations {
  name: string;
  /** In words, with all parameters. */
  definition: string;
  draw(random: Random): number;
  /** The share of tasks that run for longer than this. */
  survival(duration: number): number;
}

const MEDIAN = 20 * MINUTE;
const SIGMA = 1.2;

/** The cumulative lognormal distribution before truncation. */
const below = (duration: number) => normalDistribution(Math.log(duration / MEDIAN) / SIGMA);

const lognormal: Durations = {
  name: "lognormal",
  definition: "median 20 min, sigma 1.2; drawn again when outside a minute to a day",
  draw(random) {
    for (;;) {
      const duration = MEDIAN * Math.exp(SIGMA * normal(random));
      if (duration >= SHORTEST && duration <= LONGEST) return duration;
    }
  },
  survival: (duration) => (below(LONGEST) - below(clamp(duration))) / (below(LONGEST) - below(SHORTEST)),
};

const uniform: Durations = {
  name: "uniform",
  definition: "from a minute to a day",
  draw: (random) => between(random, SHORTEST, LONGEST),
  survival: (duration) => shareAbove(duration, SHORTEST, LONGEST),
};

const bimodal: Durations = {
  name: "bimodal",
  definition: "four in five uniform from 1 to 10 min, one in five uniform from 1 to 24 h",
  draw: (random) =>
    random() < 0.8 ? between(random, SHORTEST, 10 * MINUTE) : between(random, HOUR, LONGEST),
  survival: (duration) =>
    0.8 * shareAbove(duration, SHORTEST, 10 * MINUTE) + 0.2 * shareAbove(duration, HOUR, LONGEST),
};

export const DURATIONS: readonly Durations[] = [lognormal, uniform, bimodal];

/** The quantile of a share, to the millisecond. */
export function quantileOf({ survival }: Durations, share: number): number {
  let low = SHORTEST;
  let high = LONGEST;
  while (high - low > 1) {
    const middle = (low + high) / 2;
    if (1 - survival(middle) < share) low = middle;
    else high = middle;
  }
  return high;
}

function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least);
}

function shareAbove(duration: number, least: number, most: number): number {
  return Math.min(1, Math.max(0, (most - duration) / (most - least)));
}

function clamp(duration: number): number {
  return Math.min(LONGEST, Math.max(SHORTEST, duration));
}

/** Box and Muller's; 1 - random() is never 0, so that its logarithm is finite. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The standard normal distribution, within 1e-7: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17. */
function normalDistribution(x: number): number {
  if (x < 0) return 1 - normalDistribution(-x);
  const t = 1 / (1 + 0.2316419 * x);
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}
