import type { Schedule } from "../tasks/schedule.ts";

/** From one start of a sweep to the next: no schedule of AWS is finer. */
const MINUTE = 60_000;

/** Whether a task of this age is to be checked before the next minute's sweep. */
export function needsRounds(schedule: Schedule, age: number): boolean {
  return schedule.interval(age) < MINUTE;
}
