/** Share of its age that passes before a task is checked again. */
const GROWTH = 0.2;
/** No task waits longer than this for its next check, in seconds (unless the sweep itself runs less often). */
const LONGEST_INTERVAL_SECONDS = 15 * 60;

/**
 * When tasks are checked, as a function of time alone: nothing about it is ever written.
 *
 * All times are Unix milliseconds, all ages milliseconds since tracking began.
 */
export interface Schedule {
  /** The number of the interval that a task is in at a time; never falls. A time before it was tracked counts as then. */
  slot(task: Scheduled, time: number): number;
  /** The time between two checks, as the schedule has it, where the first is at this age. */
  interval(age: number): number;
  /** The longest time from a check this age to the next: a task that has become due waits for the next sweep. */
  bound(age: number): number;
  /** Whether a task is due in a sweep over the window (from, to]. */
  isDue(task: Scheduled, from: number, to: number): boolean;
  /** Which tasks can be due in the window (from, to] at all. */
  reach(from: number, to: number): Reach;
}

/** What the schedule needs to know of a task. */
export interface Scheduled {
  trackedAt: number;
  /** The task's own shift in [0, 1), so that tasks of one age are not all due at once. */
  offset: number;
}

/** Of the tasks that are not within it, none is due. */
export interface Reach {
  /** Any task that was tracked later can be due. */
  trackedAfter: number;
  /** Any other only with a offset that is so far, or up to `width` farther, with 0 coming after 1. */
  offsets: { from: number; width: number };
}

/**
 * A geometric schedule: intervals are 20 % of the age they begin at, never shorter than the sweep's interval
 * and never longer than 15 minutes.
 *
 * Between the intervals' edges the slot number grows linearly, so that a task shifted by any offset keeps the
 * same rule: the time from a check to the next is 20 % of its age then, within the two limits. From the last edge
 * on, when intervals are as long as they get, a task is due whenever the clock stands at its offset, whenever it
 * was tracked: so the tasks that are due in a window have offsets that lie together.
 */
export function createSchedule(sweepIntervalSeconds: number): Schedule {
  const shortest = sweepIntervalSeconds * 1000;
  const longest = Math.max(shortest, LONGEST_INTERVAL_SECONDS * 1000);
  const interval = (age: number) => Math.min(longest, Math.max(shortest, GROWTH * age));

  // Ages at which the intervals begin, up to the first that is as long as they get.
  const edges = [0];
  for (let edge = 0; interval(edge) < longest; ) {
    edge += interval(edge);
    edges.push(edge);
  }
  const lastIndex = edges.length - 1;
  const lastEdge = edges[lastIndex] as number;

  const position = (age: number) => {
    if (age <= 0) return 0;
    if (age >= lastEdge) return lastIndex + (age - lastEdge) / longest;
    let index = 0;
    while ((edges[index + 1] as number) <= age) index++;
    const edge = edges[index] as number;
    return index + (age - edge) / ((edges[index + 1] as number) - edge);
  };

  const slot = ({ trackedAt, offset }: Scheduled, time: number) => {
    const shift = fraction(offset + (trackedAt + lastEdge) / longest);
    return Math.floor(position(time - trackedAt) + shift);
  };

  return {
    slot,
    interval,
    bound: (age) => interval(age) + shortest,
    isDue(task, from, to) {
      // Before it was tracked a task has no slot: the first sweep after that checks it.
      if (task.trackedAt > to) return false;
      if (task.trackedAt > from) return true;
      return slot(task, from) !== slot(task, to);
    },
    reach(from, to) {
      return {
        trackedAfter: from - lastEdge,
        offsets: { from: fraction(-to / longest), width: Math.min(1, (to - from) / longest) },
      };
    },
  };
}

function fraction(number: number): number {
  return number - Math.floor(number);
}
