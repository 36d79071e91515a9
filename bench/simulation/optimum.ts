import { type Durations, LONGEST, SHORTEST } from "./durations.ts";

/** The step of the integrals, in milliseconds. */
const CELL = 1_000;
/** How many candidate times for checks the exact schedules have. */
const MOMENTS = 3_000;

/** The performance of a schedule: mean checks per task, and mean delay in milliseconds. */
export interface Performance {
  checks: number;
  delay: number;
}

/**
 * Approximates the least mean delay that any schedule can have with this many checks per task, N:
 * J² / (2 (N − ½)) with J = ∫ √(f S) dt. The density of the checks is then proportional to √(f / S): an additional check
 * saves delay in proportion to the square of the interval, and costs one check for every task that is still running.
 *
 * @returns milliseconds
 */
export function leastDelayByFormula(durations: Durations, checks: number): number {
  let integral = 0;
  for (const { survived, ended, ms } of cells(durations)) integral += Math.sqrt((ended / ms) * survived) * ms;
  return integral ** 2 / (2 * (checks - 0.5));
}

/**
 * The exact least mean delay that a schedule can have with this many checks per task, among all schedules whose checks
 * are at some of three thousand times.
 *
 * @returns milliseconds
 */
export function leastDelay(durations: Durations): (checks: number) => number {
  const moments = momentsOf(durations);
  return (wanted) => {
    // The higher the price of a check, the fewer there are: bisect between a millisecond of delay and a year.
    let cheap = best(moments, 1);
    let dear = best(moments, 365 * 24 * 60 * 60_000);
    let [low, high] = [0, Math.log(365 * 24 * 60 * 60_000)];
    for (let step = 0; step < 40; step++) {
      const middle = (low + high) / 2;
      const found = best(moments, Math.exp(middle));
      if (found.checks >= wanted) [cheap, low] = [found, middle];
      else [dear, high] = [found, middle];
    }
    if (cheap.checks === dear.checks) return cheap.delay;
    // Interpolate: some tasks use one schedule, the others the other.
    const share = (wanted - dear.checks) / (cheap.checks - dear.checks);
    return dear.delay + share * (cheap.delay - dear.delay);
  };
}

/** A candidate time for a check, as an age in milliseconds. */
interface Moment {
  age: number;
  /** The share of tasks that have ended by then. */
  ended: number;
  /** The integral of that share up to then. */
  waited: number;
}

/**
 * Candidate times: denser where the exact time of a check matters more, and where the distribution has a discontinuity.
 * The first is the time of tracking.
 */
function momentsOf(durations: Durations): Moment[] {
  const all = cells(durations);
  const total = all.reduce((sum, cell) => sum + densityOf(cell), 0);
  const moments: Moment[] = [{ age: 0, ended: 0, waited: 0 }];
  let age = SHORTEST;
  let waited = 0;
  let density = 0;
  let wasQuiet = true;
  for (const cell of all) {
    const isQuiet = cell.ended === 0;
    const nextDensity = density + densityOf(cell);
    const isNext = Math.floor((density / total) * MOMENTS) !== Math.floor((nextDensity / total) * MOMENTS);
    if (isQuiet !== wasQuiet) moments.push({ age, ended: 1 - durations.survival(age), waited });
    age += cell.ms;
    waited += (1 - cell.survived) * cell.ms;
    density = nextDensity;
    wasQuiet = isQuiet;
    if (isNext) moments.push({ age, ended: 1 - durations.survival(age), waited });
  }
  moments.push({ age, ended: 1, waited });
  return moments;
}

/**
 * The best schedule if a check costs as much as c milliseconds of one task's delay: V(i) = min over j > i of
 * c·S(i) + ∫ from i to j of (t(j) − t) dF + V(j), where V(i) is the cost after a check at time i.
 */
function best(moments: readonly Moment[], price: number): Performance {
  const last = moments.length - 1;
  const value = new Float64Array(moments.length);
  const next = new Int32Array(moments.length).fill(last);
  for (let i = last - 1; i >= 0; i--) {
    const from = moments[i] as Moment;
    let least = Number.POSITIVE_INFINITY;
    // The best next check is monotonic in the current one.
    for (let j = i + 1; j <= (next[Math.min(i + 1, last)] as number); j++) {
      const sum = delayBetween(from, moments[j] as Moment) + (value[j] as number);
      if (sum >= least) continue;
      least = sum;
      next[i] = j;
    }
    value[i] = least + price * (1 - from.ended);
  }
  const performance = { checks: 0, delay: 0 };
  for (let i = 0; i < last; i = next[i] as number) {
    const from = moments[i] as Moment;
    performance.checks += 1 - from.ended;
    performance.delay += delayBetween(from, moments[next[i] as number] as Moment);
  }
  return performance;
}

/** The mean delay due to tasks that end between two checks, over all tasks. */
function delayBetween(from: Moment, to: Moment): number {
  return to.waited - from.waited - from.ended * (to.age - from.age);
}

interface Cell {
  ms: number;
  /** The share of tasks that end in it. */
  ended: number;
  /** The share that is still running, in the middle of it. */
  survived: number;
}

function cells({ survival }: Durations): Cell[] {
  const all: Cell[] = [];
  for (let age = SHORTEST; age < LONGEST; age += CELL) {
    const ended = survival(age) - survival(age + CELL);
    // Ignore rounding errors in a difference of equal sums.
    all.push({ ms: CELL, ended: ended < 1e-12 ? 0 : ended, survived: survival(age + CELL / 2) });
  }
  return all;
}

/**
 * How many candidate times a cell should have, up to a factor. With intervals of length d, times that are s apart lose a
 * share of (s/d)² of the delay; d is proportional to 1/√(f/S), so the total loss is least with a density of f^½ S^-⅙.
 */
function densityOf({ ended, survived, ms }: Cell): number {
  return survived > 0 ? Math.sqrt(ended / ms) * survived ** (-1 / 6) * ms : 0;
}
