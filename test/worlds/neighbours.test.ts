import { expect, it } from "vitest";
import { EPOCH } from "../../local/harness/virtual-time.ts";
import { broken, untimely } from "./promises.ts";
import { type Outcome, run } from "./run.ts";
import type { Conduct, Organisation, World } from "./world.ts";

/** Worlds that once broke a promise, each because of a kind of neighbour that had not been considered. */

const MINUTE = 60_000;
const NEVER = Number.MAX_SAFE_INTEGER / 4;
const QUICK: Conduct = { kind: "answers", latencyMs: 50 };
const HANGS: Conduct = { kind: "hangs" };

interface Options extends Partial<Omit<Organisation, "tasks">> {
  at?: number;
  /** Over how long its tasks were tracked: also those that are never answered. If left out, one each millisecond. */
  overMs?: number;
  endsAt?: number;
  deletedAt?: number;
}

function organisation(id: string, conduct: Conduct, tasks: number, options: Options = {}): Organisation {
  const { at = -1_000, overMs, endsAt = NEVER, deletedAt, ...rest } = options;
  // Multiples of the golden ratio are spread evenly, however many of them there are.
  const after = (index: number) =>
    overMs ? Math.floor((((index * (Math.sqrt(5) - 1)) / 2) % 1) * overMs) : index;
  return {
    id,
    origin: `https://${id}`,
    conduct,
    neverAnswered: 0,
    tasks: Array.from({ length: tasks }, (_, index) => ({
      trackedAt: at + after(index),
      endsAt,
      ...(deletedAt !== undefined && { deletedAt }),
    })),
    ...rest,
  };
}

function world(organisations: Organisation[], options: Partial<World> = {}): World {
  return {
    organisations,
    shards: 4,
    sweepers: 1,
    concurrency: 64,
    minutes: 20,
    indexDelayMs: 0,
    clocksMs: [0],
    trackerClockMs: 0,
    deadlineMs: 7 * 24 * 60 * MINUTE,
    frozen: [],
    invocationMs: 59_500,
    pageMs: 5,
    failsEvery: Number.POSITIVE_INFINITY,
    failsUntilMs: 0,
    publishMs: 20,
    seed: 1,
    ...options,
  };
}

/**
 * The longest time that a task of an organisation was not asked about, in minutes.
 *
 * @param answered whether only tasks count that can be answered
 * @param from the minute from which on it counts
 */
function longestGap(
  { tasks, world: { minutes } }: Outcome,
  prefix: string,
  { answered = false, from = 1 } = {},
): number {
  const gaps = tasks
    .filter(({ orgId, isNeverAnswered }) => orgId.startsWith(prefix) && !(answered && isNeverAnswered))
    .map(({ answeredAt }) => {
      const since = EPOCH + from * MINUTE;
      const times = [since, ...answeredAt.filter((at) => at > since), EPOCH + minutes * MINUTE];
      return Math.max(...times.slice(1).map((time, index) => time - (times[index] as number)));
    });
  return Math.max(...gaps) / MINUTE;
}

/** How long after its recovery an organisation's first task was answered, in minutes. */
function askedAfter({ tasks }: Outcome, { id, recoversAt = 0 }: Organisation): number {
  const answered = tasks.filter(({ orgId }) => orgId === id).flatMap(({ answeredAt }) => answeredAt);
  const since = EPOCH + recoversAt;
  return (Math.min(...answered.filter((at) => at >= since)) - since) / MINUTE;
}

function announcedTwice({ events }: Outcome): number {
  return events.length - new Set(events.map(({ event }) => event.subject)).size;
}

const origin = "https://shared";

it("does not count a gateway that answers some organisations as stuck because others go unanswered", async () => {
  const hung = [0, 1, 2].map((index) => organisation(`hung${index}`, HANGS, 60, { origin }));
  const outcome = await run(world([organisation("well", QUICK, 3, { origin, at: -MINUTE }), ...hung]));
  expect(longestGap(outcome, "well")).toBeLessThan(4);
});

it("asks organisations of a silent gateway that the sweep that found it silent had not asked", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const hung = [0, 1, 2, 3, 4].map((index) =>
      organisation(`hung${index}`, HANGS, 5, { origin, at: -MINUTE }),
    );
    const well = organisation("well", QUICK, 12, { origin, at: -(20 + seed) * 60 * MINUTE });
    const outcome = await run(world([...hung, well], { shards: 3, sweepers: 3, seed }));
    expect(longestGap(outcome, "well"), `seed ${seed}`).toBeLessThan(7);
  }
});

it("finds the one organisation that a gateway answers, among 1,000 that it does not, in the first sweeps", async () => {
  for (let seed = 0; seed < 3; seed++) {
    const hung = Array.from({ length: 1_000 }, (_, index) =>
      organisation(`hung${index}`, HANGS, 1, { origin }),
    );
    const outcome = await run(
      world([...hung, organisation("well", QUICK, 3, { origin })], { shards: 2, minutes: 8, seed }),
    );
    expect(longestGap(outcome, "well"), `seed ${seed}`).toBeLessThan(6);
    const calls = Map.groupBy(outcome.calls, ({ orgId }) => orgId);
    expect(Math.max(...hung.map(({ id }) => calls.get(id)?.length ?? 0)), `seed ${seed}`).toBeLessThan(10);
  }
});

it("resumes an organisation that recovers on a gateway that stays silent to the others", async () => {
  for (let seed = 0; seed < 3; seed++) {
    const hung = Array.from({ length: 20 }, (_, index) => organisation(`hung${index}`, HANGS, 3, { origin }));
    const back = organisation("back", HANGS, 3, { origin, recoversAt: 12 * MINUTE });
    const { tasks } = await run(world([...hung, back], { shards: 2, minutes: 29, seed }));
    const answered = tasks.filter(({ orgId }) => orgId === "back").flatMap(({ answeredAt }) => answeredAt);
    expect(Math.min(...answered) - EPOCH, `seed ${seed}`).toBeLessThan((12 + 15) * MINUTE);
  }
});

it("resumes organisations that recover on silent gateways in time, however many of thousands are stuck beside them", async () => {
  const gateways = Array.from({ length: 5 }, (_, index) => `https://shared${index}`);
  const hung = Array.from({ length: 2_000 }, (_, index) =>
    organisation(`hung${index}`, HANGS, 1, { origin: gateways[index % 5] as string }),
  );
  const back = gateways.map((origin, index) =>
    organisation(`back${index}`, HANGS, 1, { origin, recoversAt: (12 + index) * MINUTE }),
  );
  const { tasks } = await run(world([...hung, ...back], { shards: 2, minutes: 34 }));
  for (const [index, { id }] of back.entries()) {
    const answered = tasks.filter(({ orgId }) => orgId === id).flatMap(({ answeredAt }) => answeredAt);
    expect(Math.min(...answered) - EPOCH, id).toBeLessThan((12 + index + 15 + 2) * MINUTE);
  }
});

/** Tasks that are past their deadline before a sweep can read them: one of these is put every so many seconds. */
function shortLived(every: number, minutes: number): Organisation["tasks"] {
  return Array.from({ length: Math.ceil((minutes * 60) / every) }, (_, index) => {
    const trackedAt = (index * every + every / 6) * 1_000;
    return { trackedAt, endsAt: trackedAt + every * 250, deadlineAt: trackedAt + every * 500 };
  });
}

it("resumes an organisation even if each of its tasks is past its deadline when it is first read", async () => {
  const recovery = { recoversAt: 12 * MINUTE };
  const minutes = 12 + 15 + 3;
  const silent = [0, 1, 2].map((index) => organisation(`silent${index}`, HANGS, 3, { origin }));
  for (const every of [10, 60]) {
    const short = (id: string, conduct: Conduct, options: Options = {}) => ({
      ...organisation(id, conduct, 0, { ...recovery, ...options }),
      tasks: shortLived(every, minutes),
    });
    const late = [
      short("hung", HANGS),
      short("refused", { kind: "refuses-keys" }),
      short("beside", HANGS, { origin }),
    ];
    const outcome = await run(world([...silent, ...late], { shards: 2, minutes }));
    for (const one of late) {
      expect(askedAfter(outcome, one), `${one.id}, every ${every} s`).toBeLessThan(15 + 2);
    }
    // Even those that are drawn and not asked, or not answered, are given up in the sweep that reads them.
    const open = outcome.tasks.filter(({ orgId }) => !orgId.startsWith("silent"));
    const read = (at: number) => EPOCH + Math.ceil((at - EPOCH) / MINUTE) * MINUTE;
    const endedAfter = open
      .filter(({ putAt }) => putAt < EPOCH + (minutes - 1) * MINUTE)
      .map(({ closedAt, putAt }) => closedAt - read(putAt + every * 500));
    expect(Math.max(...endedAfter), `every ${every} s`).toBeLessThan(MINUTE);
  }
});

it("resumes an organisation whose tasks are checked less often than it is probed, and never forgets it", async () => {
  const well = organisation("well", QUICK, 10, { at: -200 * MINUTE });
  for (let seed = 0; seed < 3; seed++) {
    const recoversAt = (400 + 7 * seed) * MINUTE;
    const back = organisation("back", HANGS, 2, { at: -200 * MINUTE, recoversAt });
    const options = { shards: 1, minutes: 434, seed, maxIntervalSeconds: 4 * 3_600 };
    const outcome = await run(world([back, well], options));
    expect(askedAfter(outcome, back), `seed ${seed}`).toBeLessThan(15 + 2);
    const found = outcome.sweeps.findIndex(({ summary }) => summary.stuck.unreachable === 1);
    const counts = outcome.sweeps.slice(found, 399).map(({ summary }) => summary.stuck.unreachable ?? 0);
    expect(Math.min(...counts), `seed ${seed}`).toBe(1);
  }
});

it("counts an organisation as stuck even if its other tasks are among too many records to be found", async () => {
  for (const tasks of [1, 3]) {
    const hung = organisation("hung", HANGS, tasks, { at: -20 * 60 * MINUTE });
    const options = { shards: 1, minutes: 60, hidesOtherTasks: true };
    const outcome = await run(world([hung, organisation("well", QUICK, 3)], options));
    expect(outcome.sweeps.at(-1)?.summary).toMatchObject({ stuck: { unreachable: 1 } });
    expect(outcome.calls.filter(({ orgId }) => orgId === "hung").length).toBeLessThan(14);
  }
});

it("does not count an organisation as stuck for one task that is never answered, if it finds no other", async () => {
  for (const seed of [1, 2]) {
    const ill = organisation("ill", QUICK, 3, { at: -10 * 60 * MINUTE, neverAnswered: 1 });
    const options = { minutes: 90, hidesOtherTasks: true, isWarm: true, seed };
    const outcome = await run(world([ill, organisation("well", QUICK, 20)], options));
    // A process that has made no call yet can be mistaken.
    expect(outcome.stuck.length, `seed ${seed}`).toBeLessThan(2);
    expect(longestGap(outcome, "ill", { answered: true })).toBeLessThan(8);
  }
});

it("goes on with an organisation's other tasks beside many that are never answered", async () => {
  const old = { at: -60 * MINUTE };
  const many = organisation("many", QUICK, 2_000, { ...old, neverAnswered: 100 });
  const few = { ...organisation("few", QUICK, 20, { ...old, neverAnswered: 2 }), requestsPerSecond: 0.15 };
  const outcome = await run(world([many, few], { shards: 16, minutes: 30 }));
  for (const id of ["many", "few"]) {
    expect(longestGap(outcome, id, { answered: true }), id).toBeLessThan(8);
  }
});

it("asks about all other tasks in time once it knows which ones are never answered", async () => {
  const old = { at: -10 * 60 * MINUTE };
  const worlds = {
    "one of 400, at a rate that just suffices": [
      organisation("ill", QUICK, 400, { ...old, neverAnswered: 1, requestsPerSecond: 2 }),
    ],
    "100 of 2,000 young ones": [organisation("ill", QUICK, 2_000, { at: -2 * MINUTE, neverAnswered: 100 })],
    "one of each organisation on a gateway": [0, 1].map((index) =>
      organisation(`ill${index}`, QUICK, 20, { ...old, origin, neverAnswered: 1 }),
    ),
  };
  for (const [name, organisations] of Object.entries(worlds)) {
    const outcome = await run(world(organisations, { shards: 1, minutes: 30, isWarm: true }));
    expect(broken(outcome), name).toEqual([]);
    // Only the first sweep, which knows nothing, can be mistaken.
    expect(outcome.stuck.length, name).toBeLessThan(2);
  }
});

it("asks about all other tasks in time and no more often than needed, however many are never answered", async () => {
  for (const [neverAnswered, requestsPerSecond] of [
    [19, 2.2],
    [30, 3],
    [150, 4],
  ] as const) {
    const old = { at: -20 * 60 * MINUTE, overMs: 20 * 60 * MINUTE };
    const ill = organisation("ill", QUICK, 400, { ...old, neverAnswered, requestsPerSecond });
    const outcome = await run(world([ill], { shards: 1, minutes: 60, isWarm: true }));
    const which = `${neverAnswered} of 400`;
    expect(longestGap(outcome, "ill", { answered: true, from: 20 }), which).toBeLessThan(8);
    // Each becomes due about every five minutes.
    const calls = outcome.calls.filter(({ at }) => at > EPOCH + 20 * MINUTE).length;
    expect(calls, which).toBeLessThan(400 * 8 * 1.2);
  }
});

it("asks about thousands of new tasks in time though one in twenty of them is never answered", async () => {
  const origin = "https://one";
  const huge = organisation("huge", QUICK, 4_000, { at: 2 * MINUTE, overMs: 30_000, neverAnswered: 200 });
  const many = Array.from({ length: 10 }, (_, index) =>
    organisation(`one${index}`, QUICK, 40, { at: -10 * 60 * MINUTE, origin, neverAnswered: 2 }),
  );
  const outcome = await run(world([huge, ...many], { minutes: 20, isWarm: true, restartsAt: [12, 16] }));
  expect(broken(outcome)).toEqual([]);
  // A deployment does not make it forget which ones these are.
  expect(outcome.stuck.filter(({ since }) => since > EPOCH + 2 * MINUTE)).toEqual([]);
});

it("does not count an organisation as stuck whose only due tasks are those that are never answered", async () => {
  for (const hidesOtherTasks of [false, true]) {
    const ill = organisation("ill", QUICK, 200, { at: -10 * 60 * MINUTE, neverAnswered: 10 });
    const outcome = await run(world([ill], { minutes: 60, isWarm: true, hidesOtherTasks }));
    expect(outcome.stuck.length, `${hidesOtherTasks}`).toBeLessThan(2);
    expect(longestGap(outcome, "ill", { answered: true })).toBeLessThan(8);
  }
});

it("resumes an organisation though a task that is never answered was tracked while it was stuck", async () => {
  for (let seed = 0; seed < 4; seed++) {
    const back = organisation("back", HANGS, 3, {
      at: -10 * 60 * MINUTE,
      recoversAt: 20 * MINUTE,
      neverAnswered: 1,
    });
    back.tasks.unshift({ trackedAt: 10 * MINUTE, endsAt: NEVER });
    const outcome = await run(world([back], { shards: 1, minutes: 40, isWarm: true, seed }));
    expect(askedAfter(outcome, back), `seed ${seed}`).toBeLessThan(15 + 2);
  }
});

it("resumes organisations after an outage in which it was deployed, though one of their two tasks is never answered", async () => {
  const outage = { breaksAt: 20 * MINUTE, recoversAt: 28 * MINUTE };
  const back = Array.from({ length: 30 }, (_, index) =>
    organisation(`back${index}`, HANGS, 2, { ...outage, at: -10 * 60 * MINUTE - index, neverAnswered: 1 }),
  );
  const outcome = await run(world(back, { minutes: 50, isWarm: true, restartsAt: [22] }));
  const late = back.filter((one) => askedAfter(outcome, one) > 15 + 2).map(({ id }) => id);
  expect(late).toEqual([]);
});

it("checks all other tasks in time after an outage, as it still knows which ones are never answered", async () => {
  const breaksAt = 150 * MINUTE;
  const recoversAt = breaksAt + 8 * MINUTE;
  const ill = organisation("ill", HANGS, 200, {
    at: -10 * 60 * MINUTE,
    breaksAt,
    recoversAt,
    neverAnswered: 160,
  });
  // One after the other, so that the organisation is not taken for stuck because of them.
  for (const [index, task] of ill.tasks.slice(0, 160).entries()) task.trackedAt = 5 * MINUTE + index * 45_000;
  const outcome = await run(world([ill], { shards: 1, minutes: 240, isWarm: true }));
  const { tasks, stuck } = outcome;
  expect(stuck.filter(({ since }) => since >= EPOCH + recoversAt)).toEqual([]);
  const gaps = tasks
    .filter(({ isNeverAnswered }) => !isNeverAnswered)
    .map(({ answeredAt }) => answeredAt.filter((at) => at > EPOCH + recoversAt))
    .map((times) => Math.max(...times.slice(1).map((at, index) => at - (times[index] as number))));
  expect(Math.max(...gaps) / MINUTE).toBeLessThan(8);
});

it("resumes an organisation in time of which half of the tasks are never answered", async () => {
  for (const seed of [9, 10, 12, 20]) {
    const recoversAt = (200 + 7 * seed) * MINUTE;
    const old = { at: -20 * 60 * MINUTE, breaksAt: 30 * MINUTE, recoversAt, neverAnswered: 3 };
    const back = organisation("back", HANGS, 6, old);
    for (const [index, task] of back.tasks.entries()) task.trackedAt += index * MINUTE;
    const beside = organisation("well", QUICK, 10, { at: -20 * 60 * MINUTE });
    const outcome = await run(
      world([back, beside], { minutes: recoversAt / MINUTE + 40, isWarm: true, seed }),
    );
    expect(askedAfter(outcome, back), `seed ${seed}`).toBeLessThan(15 + 2);
  }
});

it("resumes an organisation in time whose task that is never answered is in a shard of less to read", async () => {
  const recoversAt = 26 * MINUTE;
  const old = { at: -20 * 60 * MINUTE, breaksAt: 20 * MINUTE, recoversAt, neverAnswered: 1 };
  const back = Array.from({ length: 40 }, (_, index) => organisation(`back${index}`, HANGS, 4, old));
  const huge = organisation("huge", QUICK, 3_000, { at: -20 * 60 * MINUTE });
  const options = { minutes: 44, pageMs: 300, isWarm: true };
  const outcome = await run(world([...back, huge], options));
  for (const one of back) expect(askedAfter(outcome, one), one.id).toBeLessThan(15 + 2);
});

it("resumes all tasks of an organisation whose recovery another sweeper has seen", async () => {
  const recoversAt = 200 * MINUTE;
  const old = { at: -20 * 60 * MINUTE, breaksAt: 30 * MINUTE, recoversAt };
  const back = organisation("back", HANGS, 4, old);
  const options = { shards: 2, sweepers: 2, clocksMs: [0, 0], maxIntervalSeconds: 3_600, isWarm: true };
  for (let seed = 0; seed < 3; seed++) {
    const { tasks } = await run(world([back], { ...options, minutes: 240, seed }));
    for (const { answeredAt } of tasks) {
      const first = answeredAt.find((at) => at >= EPOCH + recoversAt) ?? Number.POSITIVE_INFINITY;
      expect((first - EPOCH - recoversAt) / MINUTE, `seed ${seed}`).toBeLessThan(15 + 2);
    }
  }
});

it("does not count an organisation of a stuck gateway as stuck for a task that is never answered anyway", async () => {
  const old = { at: -20 * 60 * MINUTE, origin };
  const hung = [0, 1, 2].map((index) =>
    organisation(`hung${index}`, HANGS, 20, { ...old, breaksAt: 30 * MINUTE }),
  );
  for (let seed = 0; seed < 3; seed++) {
    const well = organisation("well", QUICK, 2, { ...old, neverAnswered: 1 });
    const outcome = await run(world([...hung, well], { shards: 1, minutes: 90, isWarm: true, seed }));
    const found = outcome.stuck.filter(({ id, since }) => id === "well" && since > EPOCH + 20 * MINUTE);
    expect(found, `seed ${seed}`).toEqual([]);
  }
});

it("is mistaken in no organisation once each of several sweepers knows its tasks that are never answered", async () => {
  const old = { at: -10 * 60 * MINUTE, neverAnswered: 2 };
  const ill = Array.from({ length: 20 }, (_, index) => organisation(`ill${index}`, QUICK, 40, old));
  const options = { shards: 16, sweepers: 3, clocksMs: [0, 0, 0], maxIntervalSeconds: 1_800 };
  const outcome = await run(world(ill, { ...options, minutes: 90, isWarm: true }));
  expect(outcome.stuck.filter(({ since }) => since > EPOCH + 20 * MINUTE)).toEqual([]);
});

it("probes an organisation once at a time whose gateway refuses connections, though both are stuck", async () => {
  for (let seed = 0; seed < 3; seed++) {
    const refusing = organisation("refusing", { kind: "refuses-connections" }, 4, { at: -300 * MINUTE });
    const { calls } = await run(world([refusing, organisation("well", QUICK, 10)], { minutes: 40, seed }));
    expect(calls.filter(({ orgId }) => orgId === "refusing").length).toBeLessThan(10);
  }
});

it("asks an organisation of a silent gateway even if slow ones elsewhere need all waiting places", async () => {
  const old = { origin, at: -20 * 60 * MINUTE };
  const hung = [0, 1, 2, 3].map((index) => organisation(`hung${index}`, HANGS, 5, old));
  const slow = Array.from({ length: 300 }, (_, index) =>
    organisation(`slow${index}`, { kind: "answers", latencyMs: 8_000 }, 14, { at: -MINUTE }),
  );
  const well = organisation("well", QUICK, 2, old);
  const outcome = await run(world([...hung, well, ...slow], { shards: 2, minutes: 12 }));
  expect(longestGap(outcome, "well")).toBeLessThan(8);
});

it("gives up no task that has ended because its gateway refused a connection a minute ago", async () => {
  for (const sweptAt of [4.5, 5.1]) {
    const blip: Conduct = { kind: "refuses-connections" };
    const a = organisation("a", blip, 1, { origin, at: sweptAt * MINUTE, recoversAt: 5.5 * MINUTE });
    const ended = { origin, at: 5.1 * MINUTE, endsAt: 5.5 * MINUTE };
    const others = [0, 1, 2, 3, 4].map((index) => organisation(`b${index}`, QUICK, 20, ended));
    const { events } = await run(world([a, ...others], { shards: 1, minutes: 8, deadlineMs: 0.8 * MINUTE }));
    const states = events.filter(({ task }) => task.orgId !== "a").map(({ event }) => event.data.state);
    expect(states).toEqual(Array(100).fill("succeeded"));
  }
});

it("asks another task each time beside a silent gateway, so that one without answers does not keep all back", async () => {
  for (let seed = 0; seed < 3; seed++) {
    const old = { origin, at: -20 * 60 * MINUTE };
    const hung = [0, 1, 2, 3].map((index) => organisation(`hung${index}`, HANGS, 5, old));
    const ill = organisation("ill", QUICK, 12, { origin, at: -MINUTE, neverAnswered: 1 });
    const { tasks } = await run(world([...hung, ill], { minutes: 30, seed }));
    const good = tasks.filter(({ orgId, isNeverAnswered }) => orgId === "ill" && !isNeverAnswered);
    expect(good.filter(({ answeredAt }) => answeredAt.length === 0)).toEqual([]);
  }
});

it("writes nothing for organisations that stay behind on a gateway that answers another now and then", async () => {
  const old = { origin, at: -20 * 60 * MINUTE };
  const hung = Array.from({ length: 12 }, (_, index) => organisation(`hung${index}`, HANGS, 4, old));
  const outcome = await run(
    world([organisation("well", QUICK, 2, old), ...hung], { shards: 2, minutes: 60 }),
  );
  expect(outcome.stuck.filter(({ scope }) => scope === "origin").length).toBeGreaterThan(3);
  expect(Math.max(...hung.map(({ id }) => outcome.records.behindWrites.get(id) ?? 0))).toBeLessThan(7);
});

it("does not count a gateway as stuck because of tasks that are never answered", async () => {
  const well = Array.from({ length: 10 }, (_, index) => organisation(`well${index}`, QUICK, 5, { origin }));
  const neverAnswered = [0, 1, 2].map((index) =>
    organisation(`p${index}`, { kind: "answers", latencyMs: 300 }, 3, { origin, neverAnswered: 1 }),
  );
  const outcome = await run(world([...well, ...neverAnswered]));
  expect(outcome.stuck.filter(({ scope }) => scope === "origin")).toEqual([]);
  expect(longestGap(outcome, "well")).toBeLessThan(4);
});

it("announces a task once if its organisation recovers at the moment of its deadline", async () => {
  for (let seed = 0; seed < 12; seed++) {
    const deadlineMs = 3 * MINUTE + seed * 11_000;
    const recoversAt = Math.floor(deadlineMs / MINUTE) * MINUTE + 1_000;
    const late = organisation("late", HANGS, 3, { recoversAt, endsAt: 2 * MINUTE });
    const outcome = await run(world([late], { shards: 1, minutes: 8, deadlineMs, seed, publishMs: 100 }));
    expect(announcedTwice(outcome)).toBe(0);
  }
});

it("announces a task once if it is the probe of its recovering organisation", async () => {
  for (let seed = 0; seed < 6; seed++) {
    const one = organisation("one", HANGS, 2, { recoversAt: 8 * MINUTE, endsAt: 5 * MINUTE });
    const outcome = await run(world([one], { shards: 1, seed, publishMs: 100 }));
    expect(outcome.events).toHaveLength(2);
    expect(announcedTwice(outcome)).toBe(0);
  }
});

it("lets an organisation's shards take turns, however few calls its limit allows", async () => {
  const limited = organisation("limited", { kind: "limits", answers: 10 }, 120, { at: -20 * 60 * MINUTE });
  const { tasks } = await run(world([limited], { minutes: 60 }));
  expect(tasks.filter(({ answeredAt }) => answeredAt.length === 0)).toEqual([]);
});

it("is late with all tasks about alike if an organisation's limit or rate allows too few calls", async () => {
  const old = { at: -10 * 60 * MINUTE };
  const limited = organisation("limited", { kind: "limits", answers: 5 }, 60, old);
  const slowed = organisation("slowed", QUICK, 24, { ...old, requestsPerSecond: 0.05 });
  const single = organisation("single", { kind: "limits", answers: 1 }, 8, old);
  const outcome = await run(world([limited, slowed, single], { shards: 16, minutes: 90 }));
  // All tasks of the first take twelve sweeps, and those of the others eight.
  expect(longestGap(outcome, "limited")).toBeLessThan(12 + 6);
  expect(longestGap(outcome, "slowed")).toBeLessThan(8 + 5);
  expect(longestGap(outcome, "single")).toBeLessThan(8 + 5);
});

it("does not let a wave of deadlines hold up the calls of others", async () => {
  const big = organisation("big", HANGS, 3_000, { at: -MINUTE });
  const outcome = await run(
    world([organisation("well", QUICK, 20), big], { deadlineMs: 6 * MINUTE, minutes: 9, publishMs: 1_000 }),
  );
  expect(longestGap(outcome, "well")).toBeLessThan(3.1);
});

it("forgets a stuck organisation that has no tasks any more", async () => {
  const outcome = await run(
    world([organisation("gone", HANGS, 5, { deletedAt: 5 * MINUTE })], { minutes: 90 }),
  );
  expect([...outcome.records.health.keys()]).toEqual([]);
  expect(outcome.sweeps.at(-1)?.summary).toMatchObject({ stuck: {}, behind: {} });
});

it("makes progress when two sweepers start together with clocks further apart than a lease lasts", async () => {
  const big = organisation("big", { kind: "answers", latencyMs: 300 }, 600, { requestsPerSecond: 20 });
  const outcome = await run(
    world([organisation("well", QUICK, 20), big], {
      sweepers: 2,
      clocksMs: [-15_000, 0],
      invocationMs: 6_000,
    }),
  );
  expect(longestGap(outcome, "well")).toBeLessThan(6);
});

it("knows until when a task was open if answers are unusable and the index does not show that yet", async () => {
  const tasks = Array.from({ length: 200 }, (_, index) => ({
    trackedAt: index * 700,
    endsAt: 5 * MINUTE + index * 4_000,
  }));
  const garbling = { ...organisation("garbling", QUICK, 0, { garblesPercent: 50 }), tasks };
  const outcome = await run(world([garbling], { minutes: 30, indexDelayMs: 90_000 }));
  expect(outcome.events.length).toBeGreaterThan(150);
  expect(untimely(outcome)).toEqual([]);
});

it("keeps checking quick organisations beside more slow ones than there are waiting places", async () => {
  const slow = Array.from({ length: 1_200 }, (_, index) =>
    organisation(`slow${index}`, { kind: "answers", latencyMs: 9_000 }, 2),
  );
  const well = Array.from({ length: 10 }, (_, index) => organisation(`well${index}`, QUICK, 3));
  const outcome = await run(world([...slow, ...well], { shards: 2, minutes: 8 }));
  expect(longestGap(outcome, "well")).toBeLessThan(4.5);
});

it("checks the other tasks of an organisation of which some are never answered", async () => {
  const ill = organisation("ill", QUICK, 20, { at: -2 * MINUTE, neverAnswered: 2 });
  const { tasks } = await run(world([ill], { shards: 1, minutes: 12 }));
  const asked = tasks
    .filter(({ isNeverAnswered }) => !isNeverAnswered)
    .map(({ answeredAt }) => answeredAt.length);
  expect(Math.min(...asked)).toBeGreaterThan(4);
});

it("does not count an organisation as stuck because of tasks that are never answered if no others are due", async () => {
  for (let seed = 0; seed < 3; seed++) {
    const ill = organisation("ill", QUICK, 20, { at: -20 * 60 * MINUTE, neverAnswered: 2 });
    const outcome = await run(world([ill], { shards: 1, minutes: 30, seed }));
    expect(outcome.stuck, `seed ${seed}`).toEqual([]);
    const asked = Map.groupBy(outcome.calls, ({ taskId }) => taskId);
    // At most one more of its tasks is asked about in each sweep.
    expect(outcome.calls.length, `seed ${seed}`).toBeLessThan(20 * 8 + 30 * (2 + 1));
    expect(asked.size).toBe(20);
  }
});

it("gives tasks up in time, including those that a low rate leaves no time to ask about", async () => {
  const deadlineMs = 6 * MINUTE;
  const many = organisation("many", QUICK, 900, { at: -MINUTE, requestsPerSecond: 1 });
  const { tasks } = await run(world([many], { shards: 2, minutes: 12, deadlineMs }));
  const late = tasks.map(({ closedAt, trackedAt }) => closedAt - trackedAt - deadlineMs);
  expect(Math.max(...late)).toBeLessThan(3 * MINUTE);
});

it("gives thousands of tasks up in time that are never answered", async () => {
  const ill = Array.from({ length: 100 }, (_, index) => {
    const one = organisation(`ill${index}`, QUICK, 70, { at: -MINUTE, neverAnswered: 40 });
    const late = one.tasks.slice(0, 40).map((task) => ({ ...task, deadlineAt: 10 * MINUTE }));
    return { ...one, tasks: [...late, ...one.tasks.slice(40)] };
  });
  const outcome = await run(world(ill, { shards: 1, minutes: 13, isWarm: true, publishMs: 300 }));
  const closedAt = outcome.tasks
    .filter(({ deadlineAt }) => deadlineAt)
    .map(({ closedAt }) => closedAt - EPOCH);
  expect(closedAt).toHaveLength(4_000);
  // By the end of the next sweep.
  expect(Math.max(...closedAt)).toBeLessThan(12 * MINUTE);
});

it("gives a few tasks up in the next sweep, even if another organisation has thousands to give up", async () => {
  const late = (id: string, tasks: number, at: number) => {
    const one = organisation(id, HANGS, tasks, { at });
    return { ...one, tasks: one.tasks.map((task) => ({ ...task, deadlineAt: 10 * MINUTE })) };
  };
  const ill = [late("huge", 20_000, -MINUTE), late("small", 5, -2 * MINUTE), late("other", 5, 0)];
  const outcome = await run(world(ill, { minutes: 13, isWarm: true, publishMs: 150 }));
  const closedAt = (orgId: string) =>
    outcome.tasks.filter((task) => task.orgId === orgId).map((task) => task.closedAt);
  for (const orgId of ["small", "other"]) {
    expect(Math.max(...closedAt(orgId)) - EPOCH, orgId).toBeLessThan(11 * MINUTE);
  }
  // It does have too many for one sweep.
  expect(Math.max(...closedAt("huge")) - EPOCH).toBeGreaterThan(11 * MINUTE);
});

it("counts an organisation as stuck no more once its tasks are deleted", async () => {
  const deletedAt = 20 * MINUTE;
  const gone = organisation("gone", { kind: "refuses-keys" }, 5, { at: -100 * MINUTE, deletedAt });
  const { sweeps } = await run(world([gone, organisation("well", QUICK, 3)], { minutes: 60, isWarm: true }));
  const stuck = sweeps.filter(({ summary }) => summary.stuck.credentials).map(({ startedAt }) => startedAt);
  const until = Math.max(...stuck) - EPOCH;
  expect(until).toBeGreaterThan(deletedAt);
  expect(until).toBeLessThan(deletedAt + 27 * MINUTE);
});

it("gives up no task whose end EnOS has just reported, even if that could not be published or written", async () => {
  for (let failsEvery = 3; failsEvery < 12; failsEvery++) {
    const one = organisation("one", QUICK, 6, { endsAt: 5.9 * MINUTE });
    const fails = { failsEvery, failsUntilMs: 8 * MINUTE };
    const outcome = await run(
      world([one], { shards: 1, minutes: 12, deadlineMs: 6 * MINUTE - 2_000, ...fails }),
    );
    expect(new Set(outcome.events.map(({ event }) => event.subject)).size).toBe(6);
    expect(new Set(outcome.events.map(({ event }) => event.data.state))).toEqual(new Set(["succeeded"]));
  }
});

it("asks before it gives up, even if many organisations leave little room for each", async () => {
  const busy = Array.from({ length: 40 }, (_, index) => organisation(`busy${index}`, QUICK, 10));
  const one = organisation("one", QUICK, 600, { at: -2 * MINUTE, endsAt: 0 });
  const outcome = await run(world([...busy, one], { shards: 1, minutes: 8, deadlineMs: 2.5 * MINUTE }));
  const told = outcome.events.filter(({ task }) => task.orgId === "one").map(({ event }) => event.data.state);
  expect(new Set(told)).toEqual(new Set(["succeeded"]));
});

it("asks before it gives up, even if thousands of other tasks of the organisation are queued", async () => {
  const deadlineMs = 30 * MINUTE;
  const late = organisation("one", QUICK, 40, { at: 0.9 * MINUTE - deadlineMs, endsAt: 0 });
  const other = organisation("one", QUICK, 5_000, { requestsPerSecond: 300 });
  const one = { ...other, tasks: [...late.tasks, ...other.tasks] };
  const { events } = await run(world([one], { minutes: 1, deadlineMs }));
  expect(events.map(({ event }) => event.data.state)).toEqual(Array(40).fill("succeeded"));
});

it("writes once that a task is uncertain, but for a sweep that was frozen between its last read and its write", async () => {
  let again = 0;
  for (let afterMs = 30; afterMs <= 70; afterMs += 4) {
    const frozen = [{ sweep: 0, afterMs, forMs: 3.5 * MINUTE }];
    const garbling = organisation("garbling", { kind: "answers", latencyMs: 20 }, 3, { garblesPercent: 100 });
    const outcome = await run(world([garbling], { shards: 1, minutes: 6, frozen }));
    expect(broken(outcome)).toEqual([]);
    const writes = outcome.tasks.map(({ versions }) => versions.length - 1);
    expect(Math.max(...writes)).toBeLessThanOrEqual(2);
    again += writes.filter((count) => count === 2).length;
  }
  expect(again).toBeGreaterThan(0);
});

it("checks a quick organisation no later beside thousands that are stuck, and takes those up that recover", async () => {
  const recovery = { at: -MINUTE, recoversAt: 12 * MINUTE };
  const stuck = Array.from({ length: 500 }, (_, index) => [
    organisation(`hung${index}`, HANGS, 2),
    organisation(`beside${index}`, HANGS, 2, { origin }),
    organisation(`refused${index}`, { kind: "refuses-keys" }, 2),
    organisation(`keyless${index}`, { kind: "no-secret" }, 2),
  ]).flat();
  const back = [
    organisation("back-hung", HANGS, 3, recovery),
    organisation("back-beside", HANGS, 3, { origin, ...recovery }),
    organisation("back-refused", { kind: "refuses-keys" }, 3, recovery),
  ];
  const well = organisation("well", QUICK, 100);
  const crowded = await run(world([...stuck, ...back, well], { minutes: 30 }));
  const alone = await run(world([well], { minutes: 30 }));
  // The gateways that hang take one interval more, when they are found.
  expect(longestGap(crowded, "well")).toBeLessThanOrEqual(longestGap(alone, "well") + 1.1);
  for (const task of crowded.tasks.filter(({ orgId }) => orgId.startsWith("back"))) {
    const first = task.answeredAt.find((at) => at >= EPOCH + 12 * MINUTE) ?? Number.POSITIVE_INFINITY;
    expect((first - EPOCH) / MINUTE - 12, task.orgId).toBeLessThan(17);
  }
}, 120_000);

it("finds out in a few sweeps that a thousand gateways hang, however many tasks their organisations have", async () => {
  const hung = Array.from({ length: 1_000 }, (_, index) => organisation(`hung${index}`, HANGS, 4));
  const well = organisation("well", QUICK, 3);
  const { sweeps, calls } = await run(world([...hung, well], { minutes: 5 }));
  expect(sweeps.map(({ summary }) => summary.stuck.unreachable ?? 0).indexOf(1_000)).toBeLessThan(2);
  const perOrganisation = Map.groupBy(calls, ({ orgId }) => orgId);
  expect(Math.max(...hung.map(({ id }) => perOrganisation.get(id)?.length ?? 0))).toBeLessThan(10);
});

it("asks the one organisation that a gateway answers, though slow ones elsewhere need all waiting places", async () => {
  const hung = Array.from({ length: 2_000 }, (_, index) =>
    organisation(`hung${index}`, HANGS, 1, { origin }),
  );
  const slow = Array.from({ length: 300 }, (_, index) =>
    organisation(`slow${index}`, { kind: "answers", latencyMs: 8_000 }, 14),
  );
  const outcome = await run(
    world([...hung, ...slow, organisation("well", QUICK, 3, { origin })], { minutes: 7 }),
  );
  expect(longestGap(outcome, "well")).toBeLessThan(4);
});
