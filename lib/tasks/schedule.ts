/**
 * When tasks are checked, as a function of time alone: nothing about it is ever written.
 *
 * All times are Unix milliseconds, all ages milliseconds since tracking began.
 */
export interface Schedule {
  /** The same for schedules with the same settings, and different for others. */
  id: string;
  /** The number of the interval that a task is in at a time; never decreases. Times before tracking began count as that moment. */
  intervalNumber(task: Scheduled, time: number): number;
  /** When the interval that a task is in began, which is when it last became due. Never before tracking began. */
  intervalStart(task: Scheduled, time: number): number;
  /** The time from a check at this age to the next. */
  interval(age: number): number;
  /** The longest that this time can be, since a task that has become due waits for the next sweep. */
  bound(age: number): number;
  /** Whether a task is due in a sweep over the window (from, to]. */
  isDue(task: Scheduled, from: number, to: number): boolean;
  /** Which tasks can be due in the window (from, to]. */
  reach(from: number, to: number): Reach;
}

/** What the schedule needs to know of a task. */
export interface Scheduled {
  trackedAt: number;
  /** The task's own shift in [0, 1), so that tasks of one age are not all due at once. */
  offset: number;
}

/** Describes which tasks may be due: no task outside of it is. */
export interface Reach {
  /** Any task that was tracked later can be due. */
  trackedAfter: number;
  /** Any other only if its offset lies in this range, which wraps around from 1 to 0. */
  offsets: { from: number; width: number };
}

/** The schedule's settings. */
export interface ScheduleOptions {
  /** The time from one sweep to the next: no task is checked more often. */
  sweepIntervalSeconds: number;
  /** Share of its age that passes before a task is checked again, in percent; above 0. */
  growthPercent?: number;
  /** No task waits longer than this for its next check, unless sweeps are further apart. */
  maxIntervalSeconds?: number;
}

/**
 * Chosen by measurement (bench/report.md, "Checks and delay"). Ten seconds below five minutes, so that a task is checked
 * every five minutes even if sweeps start a little early or late.
 */
export const DEFAULT_GROWTH_PERCENT = 11;
export const DEFAULT_MAX_INTERVAL_SECONDS = 290;

/**
 * Intervals are a share of the age that they begin at, never shorter than the sweep's interval and never longer
 * than the longest.
 *
 * Between the intervals' edges a task's position among them grows linearly, so that a task shifted by any offset keeps the
 * same rule: the time from a check to the next is that share of its age then, within the two limits. From the last
 * edge on, when intervals are as long as they get, a task is due whenever the clock stands at its offset, whenever
 * it was tracked: so the tasks that are due in a window have offsets that lie together.
 */
export function createSchedule({
  sweepIntervalSeconds,
  growthPercent = DEFAULT_GROWTH_PERCENT,
  maxIntervalSeconds = DEFAULT_MAX_INTERVAL_SECONDS,
}: ScheduleOptions): Schedule {
  const growth = growthPercent / 100;
  const shortest = sweepIntervalSeconds * 1000;
  const longest = Math.max(shortest, maxIntervalSeconds * 1000);
  const interval = (age: number) => Math.min(longest, Math.max(shortest, growth * age));

  const edges = edgesOf(shortest, longest, growth);
  const lastIndex = edges.length - 1;
  const lastEdge = edges[lastIndex] as number;

  const positionAt = (sinceTracked: number) => {
    const age = Math.max(0, sinceTracked);
    if (age >= lastEdge) return lastIndex + (age - lastEdge) / longest;
    const index = lastAtMost(edges, age);
    const edge = edges[index] as number;
    return index + (age - edge) / ((edges[index + 1] as number) - edge);
  };

  /** The age at a position: the inverse of the above. */
  const ageAt = (position: number) => {
    if (position >= lastIndex) return lastEdge + (position - lastIndex) * longest;
    // Before the first edge nothing was tracked.
    if (position <= 0) return 0;
    const index = Math.floor(position);
    const edge = edges[index] as number;
    return edge + (position - index) * ((edges[index + 1] as number) - edge);
  };

  const shiftOf = ({ trackedAt, offset }: Scheduled) => fraction(offset + (trackedAt + lastEdge) / longest);

  const intervalNumber = (task: Scheduled, time: number) =>
    Math.floor(positionAt(time - task.trackedAt) + shiftOf(task));

  return {
    id: `${shortest}/${growthPercent}/${longest}`,
    intervalNumber,
    intervalStart(task, time) {
      return task.trackedAt + Math.max(0, ageAt(intervalNumber(task, time) - shiftOf(task)));
    },
    interval,
    bound: (age) => interval(age) + shortest,
    isDue(task, from, to) {
      // Before it was tracked a task is in no interval: the first sweep after that checks it.
      if (task.trackedAt > to) return false;
      if (task.trackedAt > from) return true;
      return intervalNumber(task, from) !== intervalNumber(task, to);
    },
    reach(from, to) {
      return {
        trackedAfter: from - lastEdge,
        offsets: { from: fraction(-to / longest), width: Math.min(1, (to - from) / longest) },
      };
    },
  };
}

/**
 * Ages at which intervals begin, the first at most 0, up to the first that is as long as they get. One of them is the
 * age at which intervals begin to grow, so that none that spans it is longer than the rule has it.
 */
function edgesOf(shortest: number, longest: number, growth: number): number[] {
  if (longest === shortest) return [0];
  const growsAt = shortest / growth;
  const edges: number[] = [];
  for (let back = Math.ceil(growsAt / shortest); back > 0; back--) edges.push(growsAt - back * shortest);
  for (let edge = growsAt; ; edge += growth * edge) {
    edges.push(edge);
    if (growth * edge >= longest) return edges;
  }
}

/** The index of the last of ascending numbers that is at most this one; the first must be. */
function lastAtMost(numbers: readonly number[], most: number): number {
  let low = 0;
  let high = numbers.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) <= most) low = middle;
    else high = middle;
  }
  return low;
}

function fraction(number: number): number {
  return number - Math.floor(number);
}
