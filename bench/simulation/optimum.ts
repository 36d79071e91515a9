import { type Durations, LONGEST, SHORTEST } from "./durations.ts";

/** How finely run times are cut for the integrals, in milliseconds. */
const CELL = 1_000;
/** How many moments the exact schedules may choose their checks from. */
const MOMENTS = 3_000;

/** What a schedule takes and gives: mean checks a task, and mean delay in milliseconds. */
export interface Performance {
  checks: number;
  delay: number;
}

/**
 * The least mean delay that any schedule can have with so many checks a task, close to and in one formula:
 * J² / (2 (N − ½)) with J = ∫ √(f S) dt. Checks are then as dense as the root of the hazard f / S: where they are dense
 * a check saves delay in proportion to the square of the time between two, and costs one check for every task that is
 * still running.
 *
 * @returns milliseconds
 */
export function leastDelayByFormula(durations: Durations, checks: number): number {
  let integral = 0;
  for (const { survived, ended, ms } of cells(durations)) integral += Math.sqrt((ended / ms) * survived) * ms;
  return integral ** 2 / (2 * (checks - 0.5));
}

/**
 * The least mean delay that any schedule can have with so many checks a task, found exactly: among all schedules
 * whose checks are at some of three thousand moments.
 *
 * @returns milliseconds
 */
export function leastDelay(durations: Durations): (checks: number) => number {
  const moments = momentsOf(durations);
  return (wanted) => {
    // The dearer a check, the fewer there are: bisected between a millisecond of delay and a year.
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
    // Some tasks by one schedule, the others by the other.
    const share = (wanted - dear.checks) / (cheap.checks - dear.checks);
    return dear.delay + share * (cheap.delay - dear.delay);
  };
}

/** A moment at which a check may be, as an age in milliseconds. */
interface Moment {
  age: number;
  /** The share of tasks that have ended by then. */
  ended: number;
  /** The integral of that share up to then. */
  waited: number;
}

/**
 * Moments that are the closer together the more it matters that a check is not quite where it would be best, and
 * wherever tasks begin or cease to end; the first is that of tracking.
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
 * The schedule that is best when a check is worth so many milliseconds of one task's delay: V(i) = min over j > i of
 * c·S(i) + ∫ from i to j of (t(j) − t) dF + V(j), where V(i) is what is still to come after a check at moment i.
 */
function best(moments: readonly Moment[], price: number): Performance {
  const last = moments.length - 1;
  const value = new Float64Array(moments.length);
  const next = new Int32Array(moments.length).fill(last);
  for (let i = last - 1; i >= 0; i--) {
    const from = moments[i] as Moment;
    let least = Number.POSITIVE_INFINITY;
    // The best check after an earlier moment is never after the best check after a later one.
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

/** What the tasks that end between two checks wait for the second one, over all tasks. */
function delayBetween(from: Moment, to: Moment): number {
  return to.waited - from.waited - from.ended * (to.age - from.age);
}

interface Cell {
  ms: number;
  /** Share of tasks that end in it. */
  ended: number;
  /** Share that still runs, in the middle of it. */
  survived: number;
}

function cells({ survival }: Durations): Cell[] {
  const all: Cell[] = [];
  for (let age = SHORTEST; age < LONGEST; age += CELL) {
    const ended = survival(age) - survival(age + CELL);
    // What is left of a difference of two equal sums is nobody's end.
    all.push({ ms: CELL, ended: ended < 1e-12 ? 0 : ended, survived: survival(age + CELL / 2) });
  }
  return all;
}

/**
 * How many moments a cell should have, but for a factor. Of a delay that is spent in intervals of length d, moments
 * that are s apart lose a share of (s/d)²; d is as 1/√(f/S), and so the whole loss is least with f^½ S^-⅙ to the second.
 */
function densityOf({ ended, survived, ms }: Cell): number {
  return survived > 0 ? Math.sqrt(ended / ms) * survived ** (-1 / 6) * ms : 0;
}
