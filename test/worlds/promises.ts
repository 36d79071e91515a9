import { eventId } from "../../lib/events/event.ts";
import type { Schedule } from "../../lib/tasks/schedule.ts";
import { EPOCH } from "../../local/harness/virtual-time.ts";
import { WHOLE_MINUTE } from "./arbitrary.ts";
import { dueSince, type Outcome, SWEEP_MS } from "./run.ts";
import type { Organisation, World } from "./world.ts";
import type { WorldTask } from "./world-tasks.ts";

/** What breaks a promise in an outcome, in one sentence each. */
export function broken(outcome: Outcome): string[] {
  return [
    ...late(outcome),
    ...notTakenUp(outcome),
    ...wrongEvents(outcome),
    ...untimely(outcome),
    ...unsure(outcome),
    ...costly(outcome),
    ...untrue(outcome),
    ...beyondDeadline(outcome),
    ...faults(outcome),
  ];
}

/** Whether sweeps have enough time and slots, and AWS works. */
function isAtEase(world: World): boolean {
  const { invocationMs, pageMs, failsEvery, concurrency } = world;
  const hasTime = invocationMs >= WHOLE_MINUTE && pageMs <= 50 && failsEvery === Number.POSITIVE_INFINITY;
  return hasTime && slotTimeOf(world) <= (concurrency * SWEEP_MS) / 2;
}

/** The slot time of asking about each task of the crowds once, in milliseconds: what is not answered takes a second. */
function slotTimeOf({ organisations }: World): number {
  const crowds = organisations.filter(({ neverAnswered }) => neverAnswered > 0);
  return crowds.reduce((sum, { tasks, neverAnswered, conduct }) => {
    const latencyMs = conduct.kind === "answers" ? conduct.latencyMs : 50;
    return sum + tasks.length * latencyMs + neverAnswered * 1_000;
  }, 0);
}

/** How much clocks, the index and sweepers that die may add to any delay, in milliseconds. */
function allowance(world: World): number {
  return clocksApart(world) + world.indexDelayMs + world.frozen.length * 3 * SWEEP_MS;
}

/**
 * An organisation that answers within a second has each of its tasks checked within the bound and two intervals, unless
 * that task is never answered. A process that has just started does not know such tasks: it may be later, or mistake the
 * organisation or its gateway for a stuck one.
 */
function late(outcome: Outcome): string[] {
  const { world, schedule, sweeps } = outcome;
  if (!isAtEase(world)) return [];
  const end = Math.max(...sweeps.map(({ startedAt }) => startedAt), 0);
  const extra = allowance(world) + 2 * SWEEP_MS;
  const problems: string[] = [];
  const wasStuck = ({ id, origin }: Organisation) =>
    outcome.stuck.some((record) => record.id === id || record.id === origin);
  const isInTime = (organisation: Organisation) =>
    isHealthy({ ...organisation, ...(world.isWarm && !wasStuck(organisation) && { neverAnswered: 0 }) });
  for (const task of tasksOf(outcome, isInTime)) {
    if (task.isNeverAnswered) continue;
    const until = Math.min(end, task.deletedAt, task.closedAt);
    const checks = task.answeredAt.filter((at) => at <= until);
    let last = Math.max(task.putAt, end - world.minutes * SWEEP_MS);
    for (const at of [...checks, until]) {
      const age = Math.max(0, last - task.trackedAt);
      const most = schedule.bound(age) + extra;
      if (at - last > most)
        problems.push(
          `${task.taskId} was not checked for ${at - last} ms at an age of ${age}, at most ${most}`,
        );
      last = at;
    }
  }
  return problems;
}

/** An organisation that answers again is asked within this time of its recovery and two sweeps, in milliseconds. */
const ASKED_AGAIN_MS = 15 * 60_000;
/** It can be found stuck until so long after its recovery, by calls that began before, in milliseconds. */
const LAST_CALLS_MS = 30_000;

/** An organisation that was in trouble and answers again is asked again in time, and then all of its due tasks are. */
function notTakenUp(outcome: Outcome): string[] {
  const { world, schedule, tasks, sweeps } = outcome;
  const end = Math.max(...sweeps.map(({ startedAt }) => startedAt), 0);
  if (!isAtEase(world)) return [];
  return world.organisations.flatMap(({ id, origin, recoversAt, requestsPerSecond, neverAnswered }) => {
    const sharesGateway = world.organisations.some((other) => other.id !== id && other.origin === origin);
    // On a gateway that refuses the others' connections, an organisation cannot recover alone.
    if (recoversAt === undefined || requestsPerSecond !== undefined || sharesGateway) return [];
    // A process that has just started does not know which tasks are never answered, and may probe these.
    if (neverAnswered > 0 && !world.isWarm) return [];
    const own = tasks.filter(({ orgId, isNeverAnswered }) => orgId === id && !isNeverAnswered);
    const recovery = EPOCH + recoversAt;
    const found = outcome.stuck.filter((record) => record.id === id || record.id === origin);
    // Sweeps that began before it was found stuck do not know of that, and their answers do not end it.
    const ends = found
      .map((record) => record.since)
      .filter((at) => at < recovery + LAST_CALLS_MS)
      .map((at) => EPOCH + Math.ceil((at - EPOCH) / SWEEP_MS) * SWEEP_MS);
    const since = Math.max(recovery, ...ends);
    const answered = own.flatMap(({ answeredAt }) => answeredAt.filter((at) => at >= since));
    const first = Math.min(...answered);
    const again = since + ASKED_AGAIN_MS + 2 * SWEEP_MS + allowance(world);
    const wasStuck = found.length > 0;
    const isToAsk = own.some((task) => {
      const isOpen = task.putAt <= since && Math.min(task.closedAt, task.deletedAt) > again;
      return isOpen && (wasStuck || dueSince(task, schedule, again, world) < again - 2 * SWEEP_MS);
    });
    if (isToAsk && again <= end && first > again)
      return [`${id} was not asked again within ${again - since} ms of its recovery`];
    const most = first + 2 * SWEEP_MS + allowance(world);
    if (most > end) return [];
    return own.flatMap((task) => {
      const before = { ...task, answeredAt: task.answeredAt.filter((at) => at < first) };
      const isDue =
        task.putAt < first - world.indexDelayMs &&
        dueSince(before, schedule, first, world) < first - SWEEP_MS;
      const isOpen = task.closedAt > most && task.deletedAt > most;
      const isChecked = task.answeredAt.some((at) => at >= first && at <= most);
      return isDue && isOpen && !isChecked
        ? [`${task.taskId} was due when ${id} answered again, and was not checked within ${most - first} ms`]
        : [];
    });
  });
}

/** Each event is about an open task that has ended in this state, and has the one id of this fact. */
function wrongEvents({ events, world }: Outcome): string[] {
  const problems: string[] = [];
  for (const { at, event, task } of events) {
    // The last consistent read is this much older than the event in SNS, unless the sweep froze in between.
    const readAt = world.frozen.length > 0 ? Number.NEGATIVE_INFINITY : at - world.publishMs - 5;
    if (task.deletedAt < readAt)
      problems.push(`${task.taskId} was announced ${at - task.deletedAt} ms after it was deleted`);
    if (task.closedAt < readAt)
      problems.push(`${task.taskId} was announced ${at - task.closedAt} ms after it was closed`);
    if (event.data.state === "succeeded" && task.endsAt > at)
      problems.push(`${task.taskId} was announced before its end`);
    if (
      event.data.state === "abandoned" &&
      at - task.putAt < world.deadlineMs - allowance(world) - SWEEP_MS
    ) {
      problems.push(`${task.taskId} was given up ${at - task.putAt} ms after it was put`);
    }
    if (event.id !== eventId(task, event.data.state)) problems.push(`${task.taskId} has the id ${event.id}`);
  }
  return problems;
}

/** How far clocks are apart, in milliseconds. */
function clocksApart({ clocksMs, sweepers, trackerClockMs }: World): number {
  const clocks = [0, trackerClockMs, ...clocksMs.slice(0, sweepers)];
  return Math.max(...clocks) - Math.min(...clocks);
}

/** An event's two times enclose the true end. In a world without trouble, they are about one interval apart. */
export function untimely(outcome: Outcome): string[] {
  const { events, schedule, thawedAt, world } = outcome;
  const slack = clocksApart(world);
  const isUntroubled =
    isAtEase(world) &&
    allowance(world) === 0 &&
    world.organisations.every(
      (organisation) => isHealthy(organisation) && !organisation.garblesPercent && !organisation.recoversAt,
    );
  return events.flatMap(({ at, event, task }) => {
    const { state, notEndedBefore, observedAt } = event.data;
    const problems: string[] = [];
    const from = notEndedBefore === null ? null : Date.parse(notEndedBefore);
    const to = Date.parse(observedAt);
    if (from !== null && (from > to || from < task.trackedAt))
      problems.push(`${task.taskId} was open from ${task.trackedAt} until ${from}, and ended by ${to}`);
    if (state === "abandoned") return problems;
    // Such a sweep may write what it learnt before it froze.
    const hasThawed = thawedAt.some((thawed) => thawed > task.putAt && thawed < at);
    if (from !== null && from > task.endsAt + slack && !hasThawed)
      problems.push(`${task.taskId} ended ${from - task.endsAt} ms before it was told to be open`);
    if (task.endsAt > to + slack)
      problems.push(`${task.taskId} ended ${task.endsAt - to} ms after it was observed`);
    const known = task.knownAt.filter((at) => at < task.endsAt).length;
    if (from !== null && known === 0) problems.push(`${task.taskId} was never found open, but until ${from}`);
    if (isUntroubled && from === null && known > 0)
      problems.push(`${task.taskId} was found open ${known} times, and it is not known until when`);
    if (isUntroubled && from !== null) {
      const most = schedule.bound(from - task.trackedAt) + 2 * SWEEP_MS;
      if (to - from > most)
        problems.push(`${task.taskId} may have ended in ${to - from} ms, at most ${most}`);
    }
    return problems;
  });
}

/** Two sweepers whose clocks differ may check a task at once, and write within this time of each other (ms). */
const MEETING_MS = 10_000;

/**
 * That a task's state is uncertain is written once, until the state is known again. A sweep that was frozen between
 * reading the task and writing may write the same value once more, or a state that was known before.
 */
function unsure({ tasks, thawedAt }: Outcome): string[] {
  const isThawed = (at: number) => thawedAt.some((thawed) => at >= thawed && at - thawed < MEETING_MS);
  return tasks.flatMap(({ taskId, versions, knownAt }) => {
    const written = versions.filter(({ task }) => task.uncertainSince !== undefined);
    const again = written.some(({ at, task }, index) => {
      const before = written[index - 1];
      if (!before || at - before.at < MEETING_MS) return false;
      if (isThawed(at) && task.uncertainSince === before.task.uncertainSince) return false;
      if (versions.some((known) => known.at > before.at && known.at < at && isThawed(known.at))) return false;
      return !knownAt.some((known) => known > before.at - MEETING_MS && known < at);
    });
    return again ? [`${taskId} was written ${written.length} times to be uncertain`] : [];
  });
}

const CALLED_IN_VAIN = new Set<Organisation["conduct"]["kind"]>([
  "hangs",
  "refuses-connections",
  "refuses-keys",
  "refuses-address",
]);

/** A stuck organisation costs a probe now and then, and no writes while it stays stuck. */
function costly(outcome: Outcome): string[] {
  const { world, calls, records } = outcome;
  const problems: string[] = [];
  let probes = 0;
  for (
    let at = 0, pause = 45_000;
    at < world.minutes * SWEEP_MS;
    at += pause, pause = Math.min(450_000, pause * 2)
  )
    probes++;
  for (const organisation of world.organisations) {
    const { conduct, recoversAt, id } = organisation;
    const isDown = CALLED_IN_VAIN.has(conduct.kind) || (conduct.kind === "limits" && conduct.answers === 0);
    if (!isAtEase(world) || !isDown || recoversAt !== undefined) continue;
    const most = 4 * world.sweepers * (1 + world.frozen.length) + probes;
    const made = calls.filter(({ orgId }) => orgId === id).length;
    if (made > most) problems.push(`${id} (${conduct.kind}) was called ${made} times, at most ${most}`);
    const writes = records.behindWrites.get(id) ?? 0;
    const mostWrites = world.shards * (3 + 2 * world.frozen.length);
    if (writes > mostWrites)
      problems.push(`${id} (${conduct.kind}) was written ${writes} times, at most ${mostWrites}`);
  }
  return problems;
}

/** Neither of the two lags that a sweep reports is below the real one. */
function untrue({ world, sweeps }: Outcome): string[] {
  const slack = allowance(world) + 2_000 + world.pageMs;
  return sweeps.flatMap(({ number, summary, overdueMs, overdueAnsweringMs }) =>
    [
      { lag: "a lag", told: summary.watermarkLagSeconds, real: overdueMs },
      { lag: "an answering lag", told: summary.answeringLagSeconds, real: overdueAnsweringMs },
    ]
      .filter(({ told, real }) => real > (told ?? 0) * 1_000 + slack)
      .map(({ lag, told, real }) => `sweep ${number} told ${lag} of ${told} s, and it was ${real} ms`),
  );
}

/** No task stays open beyond its deadline. */
function beyondDeadline(outcome: Outcome): string[] {
  const { world, schedule, sweeps } = outcome;
  if (!isAtEase(world)) return [];
  const end = Math.max(...sweeps.map(({ startedAt }) => startedAt), 0);
  const start = end - world.minutes * SWEEP_MS;
  return outcome.tasks.flatMap((task) => {
    const deadline = Math.max(task.trackedAt + world.deadlineMs, start);
    const isYoung = deadline - task.trackedAt < everySweepUntil(schedule);
    const longest = isYoung ? 0 : schedule.interval(Number.POSITIVE_INFINITY);
    // It may pass just after a sweep has begun, and the next one may take its whole time.
    const most = deadline + longest + 2 * SWEEP_MS + allowance(world);
    const until = Math.min(task.closedAt, task.deletedAt, end);
    return until > most ? [`${task.taskId} was open ${until - deadline} ms after its deadline`] : [];
  });
}

/** The age up to which every sweep reads a task, whether it is due or not, in milliseconds. */
function everySweepUntil(schedule: Schedule): number {
  return -schedule.reach(0, 0).trackedAfter;
}

/** In a world in which AWS works, no failure is counted as our own. */
function faults({ failures, world }: Outcome): string[] {
  if (world.failsEvery < Number.POSITIVE_INFINITY) return [];
  return failures
    .filter(({ reason }) => ["internal", "read", "write", "publish"].includes(reason))
    .map(({ reason, error }) => `${reason}: ${String(error)}`);
}

/** Every task that ended is announced, once all trouble has been over for long enough. */
export function lost(outcome: Outcome): string[] {
  const { schedule, sweeps } = outcome;
  const end = Math.max(...sweeps.map(({ startedAt }) => startedAt));
  return outcome.tasks.flatMap((task) => {
    const age = task.endsAt - task.trackedAt;
    const isDue = task.endsAt + schedule.bound(age) + 20 * SWEEP_MS + allowance(outcome.world) < end;
    const isOver = task.closedAs !== undefined || task.deletedAt <= end;
    if (!isDue || isOver || task.orgId === "huge") return [];
    return [
      `${task.taskId} ended ${end - task.endsAt} ms before the end and is open, due since ${end - dueSince(task, schedule, end, outcome.world)} ms`,
    ];
  });
}

function isHealthy({ conduct, neverAnswered, requestsPerSecond }: Organisation): boolean {
  return (
    conduct.kind === "answers" &&
    conduct.latencyMs <= 1_000 &&
    neverAnswered === 0 &&
    requestsPerSecond === undefined
  );
}

function tasksOf({ world, tasks }: Outcome, isWanted: (organisation: Organisation) => boolean): WorldTask[] {
  const ids = new Set(world.organisations.filter(isWanted).map(({ id }) => id));
  return tasks.filter(({ orgId }) => ids.has(orgId));
}
