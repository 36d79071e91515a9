import { setTimeout as delay } from "node:timers/promises";
import type { Schedule } from "../tasks/schedule.ts";
import type { SweepSummary } from "./summary.ts";

/** From one start of a sweep to the next, in milliseconds: AWS schedules are no finer. */
const MINUTE = 60_000;

/** Whether a task of this age is to be checked before the next minute's sweep. */
export function needsRounds(schedule: Schedule, age: number): boolean {
  return schedule.interval(age) < MINUTE;
}

/** A clock for elapsed time, in milliseconds. */
export interface Clock {
  now(): number;
  after(ms: number): Promise<unknown>;
}

const CLOCK: Clock = { now: () => performance.now(), after: (ms) => delay(ms) };

/**
 * Sweeps in rounds, for as long as there are tasks young enough to be due before the next minute. If there are none,
 * the first round is the last.
 *
 * @param round makes one sweep
 * @param rounds the most that there may be
 * @param intervalMs from the beginning of a round to that of the next
 * @returns the last round's summary
 */
export async function sweepInRounds(
  round: () => Promise<SweepSummary>,
  { rounds, intervalMs, schedule }: { rounds: number; intervalMs: number; schedule: Schedule },
  clock: Clock = CLOCK,
): Promise<SweepSummary> {
  const started = clock.now();
  for (;;) {
    const summary = await round();
    const { youngestAgeMs, ended } = summary;
    if (ended !== "done" || youngestAgeMs === null || !needsRounds(schedule, youngestAgeMs)) return summary;
    const elapsed = clock.now() - started;
    // A round that took longer than the interval replaces the next one as well.
    const next = Math.floor(elapsed / intervalMs) + 1;
    if (next >= rounds) return summary;
    await clock.after(next * intervalMs - elapsed);
  }
}
