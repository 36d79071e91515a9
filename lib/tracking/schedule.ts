/** Share of its age that passes before a task is looked at again. */
const GROWTH = 0.2;
/** No task waits longer than this for its next look, in seconds (unless the sweep itself runs less often). */
const LONGEST_INTERVAL_SECONDS = 15 * 60;

/**
 * When tasks are looked at, as a function of time alone: nothing about it is ever written.
 *
 * All times are Unix milliseconds, all ages milliseconds.
 */
export interface Schedule {
  /**
   * The number of the interval that an age lies in; grows with the age and never falls.
   *
   * @param age how long the task has been in its state; a negative age counts as none
   * @param phase the task's own shift in [0, 1), so that tasks of one age are not all due at once
   */
  slot(age: number, phase: number): number;
  /** The longest time from a look at this age to the next. */
  bound(age: number): number;
  /** Whether a task is due in a sweep over the window (from, to]. */
  isDue(task: Scheduled, from: number, to: number): boolean;
}

/** What the schedule needs to know of a task. */
export interface Scheduled {
  trackedAt: number;
  stateSince: number;
  phase: number;
}

/**
 * A geometric schedule: intervals are 20 % of the age they begin at, never shorter than the sweep's interval
 * and never longer than 15 minutes.
 *
 * Between the intervals' edges the slot number grows linearly, so that a task shifted by any phase keeps the
 * same rule: the time from a look to the next is 20 % of its age then, within the two limits.
 */
export function createSchedule(sweepIntervalSeconds: number): Schedule {
  const shortest = sweepIntervalSeconds * 1000;
  const longest = Math.max(shortest, LONGEST_INTERVAL_SECONDS * 1000);
  const bound = (age: number) => Math.min(longest, Math.max(shortest, GROWTH * age));

  // Ages at which the intervals begin, up to the first that is as long as they get.
  const edges = [0];
  for (let edge = 0; bound(edge) < longest; ) {
    edge += bound(edge);
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

  const slot = (age: number, phase: number) => Math.floor(position(age) + phase);

  return {
    slot,
    bound,
    isDue({ trackedAt, stateSince, phase }, from, to) {
      // Before it was tracked a task has no slot: the first sweep after that looks at it.
      if (trackedAt > to) return false;
      if (trackedAt > from) return true;
      return slot(from - stateSince, phase) !== slot(to - stateSince, phase);
    },
  };
}
