import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FairQueue, type FairQueueOptions } from "../../lib/sweep/fair-queue.ts";
import type { Queued } from "../../lib/sweep/lane.ts";
import { Paces } from "../../lib/sweep/paces.ts";

const SECOND = 1_000;
const PLACES = 704;
/** Calls that may be in flight to one slow organisation. */
const SLOW_WINDOW = 256;
const MOST_CALLS = 768;
const HANGS = Number.POSITIVE_INFINITY;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Item extends Queued {
  number: number;
}

interface Call extends Item {
  startedAt: number;
  endedAt: number | undefined;
}

/** How long a call takes, in milliseconds, and whether it is answered. */
type Conduct = (item: Item) => { takesMs: number; answered?: boolean };

/** A queue in virtual time whose calls take as long as the test says. */
class Bench {
  readonly calls: Call[] = [];
  readonly skipped: Item[] = [];
  readonly queue: FairQueue<Item>;
  readonly #queued = new Map<string, number>();

  constructor(conduct: Conduct, options: Partial<FairQueueOptions<Item>> = {}) {
    this.queue = new FairQueue<Item>({
      concurrency: 64,
      requestsPerSecond: 1_000_000,
      work: async (item) => {
        const call: Call = { ...item, startedAt: performance.now(), endedAt: undefined };
        this.calls.push(call);
        const { takesMs, answered = true } = conduct(item);
        await new Promise((resolve) => {
          if (takesMs !== HANGS) setTimeout(resolve, takesMs);
        });
        call.endedAt = performance.now();
        return answered;
      },
      onSkipped: (item) => this.skipped.push(item),
      unansweredCallsOf: () => undefined,
      isResting: () => false,
      paces: new Paces(),
      ...options,
    });
  }

  add(orgId: string, times = 1, options?: { goesFirst: boolean }): void {
    for (let time = 0; time < times; time++) this.queue.add(this.#item(orgId), options);
  }

  probe(orgId: string, options?: { kind?: "probe" | "opinion"; since?: number }): void {
    this.queue.probe(this.#item(orgId), options);
  }

  #item(orgId: string): Item {
    const number = this.#queued.get(orgId) ?? 0;
    this.#queued.set(orgId, number + 1);
    return { orgId, number };
  }

  of(orgId: string): Call[] {
    return this.calls.filter((call) => call.orgId === orgId);
  }

  done(orgId: string): number {
    return this.of(orgId).filter(({ endedAt }) => endedAt !== undefined).length;
  }

  underWay(which: (orgId: string) => boolean = () => true): number {
    return this.calls.filter(({ orgId, endedAt }) => endedAt === undefined && which(orgId)).length;
  }

  /** Time that an organisation's calls have taken so far. */
  usedMs(orgId: string): number {
    return this.of(orgId).reduce(
      (sum, { startedAt, endedAt = performance.now() }) => sum + endedAt - startedAt,
      0,
    );
  }
}

const quick: Conduct = () => ({ takesMs: 50 });
const advance = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("suspects", () => {
  /** All but every organisation's first task and those after its hundredth are suspects, which are never answered. */
  const isSuspect = ({ number }: Item) => number > 0 && number <= 100;
  const poisoned: Conduct = (item) =>
    isSuspect(item) ? { takesMs: 10 * SECOND, answered: false } : { takesMs: 50 };
  const suspect = { calls: 2, at: 0 };
  const unansweredCallsOf = (item: Item) => (isSuspect(item) ? suspect : undefined);
  const suspectsOf = (bench: Bench, orgId: string) => bench.of(orgId).filter(isSuspect);

  it("wait until their organisation has answered about another task", async () => {
    const bench = new Bench(poisoned, { unansweredCallsOf });
    bench.add("a", 100);
    await advance(49);
    expect(bench.of("a").map(({ number }) => number)).toEqual([0]);
    await advance(2);
    expect(suspectsOf(bench, "a").length).toBeGreaterThan(0);
  });

  it("are asked about one at a time while none is answered, if there are no other tasks", async () => {
    const bench = new Bench(() => ({ takesMs: 10 * SECOND, answered: false }), {
      unansweredCallsOf: () => suspect,
    });
    bench.add("a", 5);
    await advance(25 * SECOND);
    expect(bench.of("a")).toHaveLength(3);
    expect(bench.underWay()).toBe(1);
  });

  it("are all asked about soon once they are answered again", async () => {
    const bench = new Bench(quick, { unansweredCallsOf: () => suspect });
    bench.add("a", 100);
    await advance(2 * SECOND);
    expect(bench.done("a")).toBe(100);
  });

  it("have at most half as many calls as the window allows, and take none from the others", async () => {
    const bench = new Bench(poisoned, { unansweredCallsOf });
    bench.add("a", 6_000);
    await advance(2 * SECOND + 1);
    const done = bench.done("a");
    await advance(SECOND);
    expect(bench.underWay()).toBe(64 + 32);
    // As many as without suspects: 64 calls of 50 ms at a time.
    expect(bench.done("a") - done).toBe((64 * SECOND) / 50);
  });

  it("use no slot, even if thousands of organisations have one", async () => {
    const bench = new Bench(
      (item) => (item.number === 0 ? { takesMs: 10 * SECOND, answered: false } : { takesMs: 50 }),
      { unansweredCallsOf: ({ number }) => (number === 0 ? suspect : undefined) },
    );
    for (let index = 0; index < 1_000; index++) bench.add(`a${index}`, 2);
    await advance(5 * SECOND);
    bench.add("well", 201);
    await advance(SECOND);
    expect(bench.done("well")).toBe(200);
    expect(bench.underWay()).toBe(Math.ceil(PLACES / 6));
  });

  it("take turns with the others if the rate allows too few calls, and keep to it", async () => {
    const bench = new Bench(poisoned, { unansweredCallsOf, requestsPerSecond: 2 });
    bench.add("a", 400);
    await advance(20 * SECOND);
    expect(bench.of("a").length).toBeLessThanOrEqual(2 * 20 + 1);
    expect(bench.of("a").length).toBeGreaterThan(2 * 20 - 4);
    expect(suspectsOf(bench, "a").length).toBeGreaterThan(10);
    expect(suspectsOf(bench, "a").length).toBeLessThanOrEqual(20);
  });

  it("that go first are asked about before the organisation's other suspects", async () => {
    const bench = new Bench(poisoned, { unansweredCallsOf, requestsPerSecond: 1 });
    bench.add("a", 50);
    bench.add("a", 1, { goesFirst: true });
    bench.add("a", 60);
    await advance(4 * SECOND);
    expect(suspectsOf(bench, "a").length).toBeGreaterThan(1);
    expect(suspectsOf(bench, "a")[0]?.number).toBe(50);
  });

  it("of all organisations are asked about in the order of their calls without an answer", async () => {
    const bench = new Bench(poisoned, {
      unansweredCallsOf: ({ orgId, number }) =>
        number > 0 ? { calls: Number(orgId.split("-")[0]), at: 0 } : undefined,
    });
    const classes = [40, 2, 30, 3];
    const organisations = classes.flatMap((calls) => Array.from({ length: 41 }, (_, n) => `${calls}-${n}`));
    for (const orgId of organisations) bench.add(orgId);
    await advance(SECOND);
    bench.queue.hold();
    for (const orgId of organisations) bench.add(orgId);
    bench.queue.release();
    await advance(SECOND);
    const asked = classes.map(
      (calls) => bench.calls.filter((call) => isSuspect(call) && call.orgId.startsWith(`${calls}-`)).length,
    );
    expect(asked).toEqual([0, 41, Math.ceil(PLACES / 6) - 2 * 41, 41]);
  });

  it("that rest are skipped, unless they go first", async () => {
    const bench = new Bench(poisoned, {
      unansweredCallsOf,
      isResting: ({ number }) => number > 0 && number < 10,
    });
    bench.add("a", 9);
    bench.add("a", 1, { goesFirst: true });
    expect(bench.skipped).toHaveLength(8);
    const first = new Bench(poisoned, { unansweredCallsOf, isResting: () => true });
    first.add("a", 3, { goesFirst: true });
    expect(first.skipped).toEqual([]);
  });

  it("they are not after a single call without an answer: they go behind what was not asked about since", async () => {
    const bench = new Bench(quick, {
      concurrency: 1,
      unansweredCallsOf: ({ number }) => (number === 1 ? { calls: 1, at: 5 * SECOND } : undefined),
    });
    bench.queue.hold();
    bench.add("a", 4);
    bench.queue.release();
    await advance(SECOND);
    expect(bench.of("a").map(({ number }) => number)).toEqual([0, 2, 3, 1]);
  });

  it("are skipped with the others, and count as queued", async () => {
    const bench = new Bench(poisoned, { unansweredCallsOf });
    bench.add("a", 3);
    expect(bench.queue.isLast("a")).toBe(false);
    bench.queue.stop("a");
    expect(bench.skipped).toHaveLength(2);
    expect(bench.queue.isLast("a")).toBe(true);
    bench.add("b", 3);
    bench.queue.close();
    expect(bench.skipped).toHaveLength(4);
  });
});

describe("slots", () => {
  it("are never exceeded, and every item gets its turn", async () => {
    const bench = new Bench(quick, { concurrency: 10 });
    bench.add("a", 300);
    bench.add("b", 300);
    await advance(100);
    for (let step = 0; step < 100; step++) {
      expect(bench.underWay()).toBeLessThanOrEqual(10);
      await advance(50);
    }
    expect(bench.done("a") + bench.done("b")).toBe(600);
    expect(new Set(bench.calls.map(({ orgId, number }) => `${orgId}${number}`)).size).toBe(600);
  });

  it("are filled step by step: one call until an answer, then eight, then one more for each answer", async () => {
    const bench = new Bench(quick);
    bench.add("a", 1_000);
    expect(bench.underWay()).toBe(1);
    await advance(50);
    expect(bench.underWay()).toBe(8);
    await advance(50);
    expect(bench.underWay()).toBe(16);
    await advance(200);
    expect(bench.underWay()).toBe(64);
  });

  it("go to the organisation that has used the least slot time, so that each gets its share", async () => {
    const latency: Record<string, number> = { brisk: 20, middling: 200, sluggish: 900 };
    const bench = new Bench(({ orgId }) => ({ takesMs: latency[orgId] as number }), { concurrency: 30 });
    for (const orgId of Object.keys(latency)) bench.add(orgId, 50_000);
    await advance(60 * SECOND);
    const used = Object.keys(latency).map((orgId) => bench.usedMs(orgId));
    const share = (30 * 60 * SECOND) / 3;
    for (const ms of used) expect(Math.abs(ms - share) / share).toBeLessThan(0.15);
  });

  it("go to a newcomer first, however much another organisation has queued", async () => {
    const bench = new Bench(quick, { concurrency: 4 });
    bench.add("crowd", 10_000);
    await advance(5 * SECOND);
    bench.add("newcomer", 5);
    await advance(SECOND / 2);
    expect(bench.done("newcomer")).toBe(5);
  });

  it("are not owed to an organisation that was idle", async () => {
    const bench = new Bench(quick, { concurrency: 10 });
    bench.add("idle", 1);
    bench.add("busy", 20_000);
    await advance(30 * SECOND);
    bench.add("idle", 20_000);
    const before = bench.done("busy");
    await advance(10 * SECOND);
    const busy = bench.done("busy") - before;
    expect(busy / (busy + bench.done("idle"))).toBeGreaterThan(0.4);
  });
});

describe("waiting places", () => {
  it("take the calls to gateways that hang, so that thousands of them leave the slots to others", async () => {
    const healthy = async (hung: number) => {
      const bench = new Bench(({ orgId }) => ({
        takesMs: orgId === "healthy" ? 50 : 10 * SECOND,
        answered: orgId === "healthy",
      }));
      bench.add("healthy", 1);
      await advance(SECOND);
      for (let index = 0; index < hung; index++) bench.add(`hung${index}`, 24);
      bench.add("healthy", 100_000);
      await advance(30 * SECOND);
      return bench.done("healthy");
    };
    const alone = await healthy(0);
    expect(await healthy(3_000)).toBeGreaterThan(0.98 * alone);
  });

  it("take a call that has been in a slot for a second", async () => {
    let isHung = false;
    const bench = new Bench(({ orgId }) => ({ takesMs: orgId === "turns" && isHung ? HANGS : 50 }), {
      concurrency: 8,
    });
    for (const orgId of ["turns", "other"]) bench.add(orgId, 1);
    await advance(SECOND);
    isHung = true;
    bench.add("turns", 8);
    await advance(10);
    expect(bench.underWay()).toBe(8);
    bench.add("other", 100);
    await advance(SECOND - 20);
    expect(bench.done("other")).toBe(1);
    await advance(2 * SECOND);
    expect(bench.done("other")).toBe(101);
  });

  it("let a slow gateway have more and more calls in flight, up to 256", async () => {
    const bench = new Bench(() => ({ takesMs: 9 * SECOND }));
    bench.add("slow", 64);
    let most = 0;
    for (let second = 0; second < 54; second++) {
      // As a sweep does: it reads on when half of the queue is free.
      if (bench.queue.wantsMore("slow", 0)) bench.add("slow", bench.queue.roomFor("slow", 0));
      await advance(SECOND);
      most = Math.max(most, bench.underWay());
    }
    expect(bench.done("slow")).toBeGreaterThan(300);
    expect(most).toBeGreaterThan(SLOW_WINDOW / 2);
    expect(most).toBeLessThanOrEqual(SLOW_WINDOW);
  });

  it("are shared equally by slow organisations, whatever each has queued", async () => {
    const bench = new Bench(() => ({ takesMs: 9 * SECOND }));
    for (let index = 0; index < 16; index++) bench.add(`slow${index}`, 1);
    await advance(10 * SECOND);
    bench.queue.hold();
    for (let index = 0; index < 16; index++) bench.add(`slow${index}`, 50 + 10 * index);
    bench.queue.release();
    for (let index = 0; index < 16; index++) {
      expect(bench.underWay((orgId) => orgId === `slow${index}`)).toBe(PLACES / 16);
    }
  });

  it("are taken by different slow organisations in each sweep if there is no time for all", async () => {
    const paces = new Paces();
    const answers = new Map(Array.from({ length: 2_800 }, (_, index) => [`slow${index}`, 0]));
    for (let sweep = 0; sweep < 8; sweep++) {
      const bench = new Bench(() => ({ takesMs: 9 * SECOND }), { paces });
      for (const orgId of answers.keys()) bench.add(orgId);
      await advance(25 * SECOND);
      bench.queue.close();
      for (const [orgId, before] of answers) answers.set(orgId, before + bench.done(orgId));
      await advance(9 * SECOND);
    }
    // In each sweep there is time for half of them.
    expect(Math.min(...answers.values())).toBeGreaterThan(1);
  });

  it("are shared equally by all kinds of calls, however many of each wait", async () => {
    const bench = new Bench(({ orgId, number }) => {
      if (number > 0) return { takesMs: HANGS };
      if (orgId.startsWith("slow")) return { takesMs: 2 * SECOND };
      return orgId.startsWith("doubt") ? { takesMs: SECOND, answered: false } : { takesMs: HANGS };
    });
    const slow = Array.from({ length: 20 }, (_, index) => `slow${index}`);
    const doubt = Array.from({ length: 300 }, (_, index) => `doubt${index}`);
    for (const orgId of [...slow, ...doubt]) bench.add(orgId, 1);
    await advance(3 * SECOND);
    bench.queue.hold();
    for (const orgId of slow) bench.add(orgId, 60);
    for (const orgId of doubt) bench.add(orgId, 1);
    for (let index = 0; index < 500; index++) {
      bench.add(`first${index}`, 2);
      bench.probe(`stuck${index}`);
      bench.probe(`opinion${index}`, { kind: "opinion" });
    }
    bench.queue.release();
    const shares = ["slow", "doubt", "first", "stuck", "opinion"].map((kind) =>
      bench.underWay((orgId) => orgId.startsWith(kind)),
    );
    expect(shares.reduce((sum, share) => sum + share)).toBe(PLACES);
    for (const share of shares) expect(share).toBeGreaterThanOrEqual(Math.floor(PLACES / 5));
  });

  it("go on with an organisation that is in doubt, so that some are known to be stuck before all are in doubt", async () => {
    const bench = new Bench(() => ({ takesMs: 10 * SECOND, answered: false }));
    const hung = Array.from({ length: 2_000 }, (_, index) => `hung${index}`);
    for (const orgId of hung) bench.add(orgId, 3);
    await advance(54 * SECOND);
    const calls = Map.groupBy(bench.calls, ({ orgId }) => orgId);
    const proven = hung.filter((orgId) => calls.get(orgId)?.length === 3);
    expect(proven.length).toBeGreaterThan(800);
    // Half of the places are for first calls, so that others that wait for theirs get them.
    expect(calls.size).toBeGreaterThan(1_500);
  });

  it("go to the probes that have waited longest", async () => {
    const bench = new Bench(() => ({ takesMs: 10 * SECOND }));
    bench.queue.hold();
    for (let index = 0; index < 1_000; index++) bench.probe(`stuck${index}`, { since: (index * 7) % 1_000 });
    bench.queue.release();
    const since = bench.calls.map(({ orgId }) => (Number(orgId.slice("stuck".length)) * 7) % 1_000);
    expect(since).toEqual([...Array(PLACES).keys()]);
    bench.queue.close();
    expect(bench.skipped).toHaveLength(1_000 - PLACES);
  });

  it("also take first calls of organisations known to be quick, while others hold the slots", async () => {
    const paces = new Paces();
    const hung = Array.from({ length: 200 }, (_, index) => `hung${index}`);
    for (const orgId of [...hung, "well"]) paces.set(orgId, "quick");
    const bench = new Bench(({ orgId }) => ({ takesMs: orgId === "well" ? 50 : HANGS }), {
      concurrency: 4,
      paces,
    });
    for (const orgId of [...hung, "well"]) bench.add(orgId, 5);
    await advance(SECOND / 2);
    expect(bench.done("well")).toBe(1);
    expect(bench.underWay()).toBe(200);
    // From then on it needs slots. Each hung organisation that got one has held it for a second.
    await advance(SECOND);
    expect(bench.done("well")).toBe(5);
  });

  it("and slots together never take more calls than Lambda has descriptors for", async () => {
    let isHung = false;
    const bench = new Bench(() => ({ takesMs: isHung ? HANGS : 50 }), { concurrency: 512 });
    const orgs = Array.from({ length: 100 }, (_, index) => `o${index}`);
    for (const orgId of orgs) bench.add(orgId, 60);
    await advance(300);
    isHung = true;
    for (let index = 0; index < 1_000; index++) bench.add(`first${index}`, 2);
    for (const orgId of orgs) bench.add(orgId, 60);
    for (let step = 0; step < 100; step++) {
      await advance(100);
      expect(bench.underWay()).toBeLessThanOrEqual(MOST_CALLS);
    }
    expect(bench.underWay()).toBe(MOST_CALLS);
  });

  it("hold one call at a time of an organisation that never answers", async () => {
    const bench = new Bench(() => ({ takesMs: 10 * SECOND, answered: false }));
    bench.add("hung", 64);
    for (let step = 0; step < 60; step++) {
      expect(bench.underWay()).toBe(1);
      await advance(SECOND);
    }
  });
});

describe("a gateway with a limited throughput, which takes longer the more calls are in flight,", () => {
  const LIMIT = 10 * SECOND;

  /** Answers one call after the other, after a latency. Calls that would take longer than a call may go unanswered. */
  function busyGateway(perSecond: number, latencyMs: number): Conduct {
    let freeAt = 0;
    return () => {
      const now = performance.now();
      freeAt = Math.max(freeAt, now) + SECOND / perSecond;
      const takesMs = freeAt - now + latencyMs;
      return takesMs < LIMIT ? { takesMs } : { takesMs: LIMIT, answered: false };
    };
  }

  it.each([
    [20, 50],
    [5, 50],
    [2, 300],
    [100, 50],
    [20, 2_000],
    [10, 4_000],
  ])(
    "(%s a second after %s ms) gets about as many calls as it can answer, and not far more",
    async (perSecond, latencyMs) => {
      const conduct = busyGateway(perSecond, latencyMs);
      const unanswered: number[] = [];
      const bench = new Bench((item) => {
        const result = conduct(item);
        if (result.answered === false) unanswered.push(performance.now());
        return result;
      });
      bench.add("busy", 10_000);
      await advance(54 * SECOND);
      const answered = bench.done("busy") - unanswered.filter((at) => at < performance.now() - LIMIT).length;
      expect(answered).toBeGreaterThan(0.6 * perSecond * (54 - 2 * (latencyMs / SECOND)));
      expect(unanswered.length).toBeLessThan(0.05 * answered);
    },
  );
});

describe("an organisation's rate", () => {
  it("is kept, whatever its latency, and delays no other organisation", async () => {
    for (const takesMs of [50, 3 * SECOND]) {
      const bench = new Bench(({ orgId }) => ({ takesMs: orgId === "limited" ? takesMs : 50 }));
      bench.queue.setRate("limited", 20);
      bench.add("limited", 2_000);
      bench.add("other", 2_000);
      await advance(30 * SECOND);
      expect(bench.done("other")).toBe(2_000);
      const starts = bench.of("limited").map(({ startedAt }) => startedAt);
      // In any ten seconds: the rate, and a burst of a tenth of a second. Over the whole time, the rate is used.
      for (const from of starts) {
        const within = starts.filter((at) => at >= from && at < from + 10 * SECOND).length;
        expect(within).toBeLessThanOrEqual(20 * 10 + 3);
      }
      expect(starts.length).toBeGreaterThan(0.9 * 20 * (30 - takesMs / SECOND));
    }
  });

  it("is that of the settings if none is set", async () => {
    const bench = new Bench(quick, { requestsPerSecond: 5 });
    bench.add("a", 1_000);
    await advance(20 * SECOND);
    expect(bench.calls.length).toBeGreaterThanOrEqual(98);
    expect(bench.calls.length).toBeLessThanOrEqual(102);
  });
});

describe("an organisation's queue", () => {
  it("begins with the items that go first", async () => {
    const bench = new Bench(quick, { concurrency: 1 });
    bench.add("a", 5);
    bench.add("a", 2, { goesFirst: true });
    await advance(SECOND);
    expect(bench.calls.map(({ number }) => number)).toEqual([0, 6, 5, 1, 2, 3, 4]);
  });

  it("waits for an item that is expected and further behind, but not for ever", async () => {
    const bench = new Bench(quick);
    for (const orgId of ["a", "b"]) bench.queue.expect(orgId, 1, -2 * SECOND);
    bench.add("a", 2);
    bench.add("b", 2);
    await advance(SECOND);
    expect(bench.calls).toEqual([]);
    bench.queue.add({ orgId: "a", number: 9, source: 1, checked: { through: -2 * SECOND } });
    await advance(SECOND);
    expect(bench.calls.map(({ orgId, number }) => `${orgId}${number}`)).toEqual(["a9", "a0", "a1"]);
    bench.queue.expectNoMore(["a", "b"], 1);
    await advance(SECOND);
    expect(bench.done("b")).toBe(2);
  });

  it("has room in front for many items, however many others are queued", () => {
    const bench = new Bench(quick);
    bench.add("a", 10_000);
    expect(bench.queue.hasRoomInFront({ orgId: "a", number: 0 })).toBe(true);
    bench.add("a", 2_999, { goesFirst: true });
    expect(bench.queue.hasRoomInFront({ orgId: "a", number: 0 })).toBe(true);
    bench.add("a", 1, { goesFirst: true });
    expect(bench.queue.hasRoomInFront({ orgId: "a", number: 0 })).toBe(false);
  });

  it("has room in front for few suspects, of whichever organisation", async () => {
    const isSuspect = ({ number }: Item) => number > 0;
    const suspect = { calls: 2, at: 0 };
    const conduct: Conduct = (item) => ({
      takesMs: isSuspect(item) ? 10 * SECOND : 50,
      answered: !isSuspect(item),
    });
    const bench = new Bench(conduct, {
      unansweredCallsOf: (item) => (isSuspect(item) ? suspect : undefined),
      isResting: () => true,
    });
    const hasRoom = (orgId: string) => bench.queue.hasRoomInFront({ orgId, number: 1 });
    bench.queue.hold();
    for (let index = 0; index < 10; index++) {
      expect(hasRoom("new")).toBe(true);
      bench.add(`org${index}`, 11, { goesFirst: true });
    }
    expect([hasRoom("org0"), hasRoom("new")]).toEqual([false, false]);
    expect(bench.queue.hasRoomInFront({ orgId: "org0", number: 0 })).toBe(true);
    bench.queue.release();
    await advance(SECOND);
    expect(hasRoom("new")).toBe(true);
    bench.queue.stop("org0");
    expect([hasRoom("org0"), hasRoom("new")]).toEqual([false, true]);
    bench.queue.close();
    expect(hasRoom("new")).toBe(false);
  });

  it("is skipped when the organisation is stopped, and accepts items again when it is resumed", async () => {
    const bench = new Bench(quick, { concurrency: 4 });
    bench.add("a", 10);
    bench.add("b", 10);
    expect(bench.queue.isStopped("a")).toBe(false);
    bench.queue.stop("a");
    expect(bench.queue.isStopped("a")).toBe(true);
    expect(bench.skipped.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    bench.add("a");
    expect(bench.skipped).toContainEqual({ orgId: "a", number: 10 });
    expect(bench.queue.roomFor("a", 0)).toBe(0);
    await advance(SECOND);
    // The call in flight continued, and no other organisation was stopped.
    expect(bench.done("a")).toBe(1);
    expect(bench.done("b")).toBe(10);
    bench.queue.resume("a");
    bench.add("a", 3);
    await advance(SECOND);
    expect(bench.done("a")).toBe(4);
  });

  it("says whether the call that ends is its last", async () => {
    const seen: boolean[] = [];
    const queue: FairQueue<Item> = new FairQueue<Item>({
      concurrency: 4,
      requestsPerSecond: 1_000,
      work: async ({ orgId }) => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        seen.push(queue.isLast(orgId));
        return true;
      },
      onSkipped: () => {},
      unansweredCallsOf: () => undefined,
      isResting: () => false,
      paces: new Paces(),
    });
    for (let number = 0; number < 3; number++) queue.add({ orgId: "a", number });
    await advance(SECOND);
    expect(seen).toEqual([false, false, true]);
    expect(queue.isLast("never-heard-of")).toBe(true);
  });

  it("has less room once much is queued of others, until that is skipped or called for", async () => {
    const bench = new Bench(quick);
    bench.queue.hold();
    // Its items wait for one that is expected.
    bench.queue.expect("first", 1, -1);
    bench.add("first", 10);
    expect([bench.queue.roomFor("first", 0), bench.queue.isShort("first")]).toEqual([2_990, true]);
    for (let index = 0; index < 34; index++) bench.add(`o${index}`, 3_000);
    expect([bench.queue.roomFor("first", 0), bench.queue.isShort("first")]).toEqual([54, false]);
    expect(bench.queue.isShort("never-heard-of")).toBe(true);
    for (let index = 0; index < 20; index++) bench.queue.stop(`o${index}`);
    expect([bench.queue.roomFor("first", 0), bench.queue.isShort("first")]).toEqual([2_990, true]);
    for (let index = 34; index < 37; index++) bench.add(`o${index}`, 3_000);
    expect(bench.queue.isShort("first")).toBe(false);
    bench.queue.release();
    await advance(2 * SECOND);
    expect(bench.calls.length).toBeGreaterThan(1_100);
    expect([bench.queue.roomFor("first", 0), bench.queue.isShort("first")]).toEqual([2_990, true]);
  });

  it("wants more if the organisation answers and half of it is free, and resolves onChange then", async () => {
    const bench = new Bench(() => ({ takesMs: 500 }), { concurrency: 1 });
    expect(bench.queue.wantsMore("a", 0)).toBe(true);
    const room = bench.queue.roomFor("a", 0);
    bench.add("a", room);
    expect(bench.queue.wantsMore("a", 0)).toBe(false);
    await advance(600);
    const roomAfter = bench.queue.roomFor("a", 0);
    bench.add("a", roomAfter);
    expect(bench.queue.roomFor("a", 0)).toBe(0);
    expect(bench.queue.wantsMore("a", 0)).toBe(false);
    const changed = vi.fn();
    bench.queue.onChange().then(changed);
    for (let minute = 0; minute < 60 && !bench.queue.wantsMore("a", 0); minute++) await advance(60 * SECOND);
    expect(bench.queue.wantsMore("a", 0)).toBe(true);
    expect(changed).toHaveBeenCalled();
    expect(bench.queue.roomFor("a", 0)).toBeGreaterThan(0);
    bench.queue.stop("a");
    expect(bench.queue.wantsMore("a", 0)).toBe(false);
  });
});

describe("the queue", () => {
  it("starts nothing while it is held, and continues once it has been released as often", async () => {
    const bench = new Bench(quick, { concurrency: 2 });
    bench.add("a", 20);
    await advance(70);
    const before = bench.calls.length;
    bench.queue.hold();
    bench.queue.hold();
    await advance(SECOND);
    expect(bench.calls).toHaveLength(before);
    expect(bench.underWay()).toBe(0);
    bench.queue.release();
    await advance(SECOND);
    expect(bench.calls).toHaveLength(before);
    bench.queue.release();
    await advance(SECOND);
    expect(bench.done("a")).toBe(20);
  });

  it("makes one call for a probe, even if the organisation is stopped", async () => {
    const bench = new Bench(quick);
    bench.queue.stop("stuck");
    bench.probe("stuck");
    await advance(SECOND);
    expect(bench.done("stuck")).toBe(1);
    expect(bench.skipped).toEqual([]);
    expect(bench.queue.isStopped("stuck")).toBe(true);
  });

  it("skips everything when it is closed, resolves onChange, and accepts nothing more", async () => {
    const bench = new Bench(() => ({ takesMs: 500 }), { concurrency: 4 });
    bench.add("a", 10);
    bench.queue.hold();
    bench.probe("p");
    const changed = vi.fn();
    bench.queue.onChange().then(changed);
    bench.queue.close();
    await advance(0);
    expect(changed).toHaveBeenCalledOnce();
    expect(bench.skipped).toHaveLength(9 + 1);
    bench.add("b");
    bench.probe("b");
    expect(bench.skipped).toHaveLength(12);
    expect(bench.queue.roomFor("b", 0)).toBe(0);
    expect(bench.queue.wantsMore("b", 0)).toBe(false);
    expect(bench.queue.isStopped("b")).toBe(true);
    bench.queue.release();
    await advance(SECOND);
    expect(bench.done("a")).toBe(1);
    expect(bench.calls).toHaveLength(1);
  });

  it("calls or skips each item exactly once, in any order of events", async () => {
    const organisation = fc.nat(5).map((number) => `o${number}`);
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant("add" as const),
          orgId: organisation,
          times: fc.integer({ min: 1, max: 80 }),
          goesFirst: fc.boolean(),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant("advance" as const),
          ms: fc.integer({ min: 0, max: 3_000 }),
        }),
      },
      fc.record({
        kind: fc.constantFrom("stop" as const, "resume" as const, "probe" as const),
        orgId: organisation,
      }),
      fc.record({ kind: fc.constantFrom("expect" as const, "expectNoMore" as const), orgId: organisation }),
      fc.constantFrom({ kind: "hold" } as const, { kind: "release" } as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.array(fc.record({ takesMs: fc.integer({ min: 0, max: 12_000 }), answered: fc.boolean() }), {
          minLength: 6,
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        async (steps, conducts, concurrency, isClosed) => {
          const bench = new Bench(({ orgId }) => conducts[Number(orgId.slice(1))] as ReturnType<Conduct>, {
            unansweredCallsOf: ({ number }) =>
              number % 7 < 2 ? { calls: 1 + (number % 7), at: 0 } : undefined,
            concurrency,
            requestsPerSecond: 500,
          });
          let added = 0;
          let holds = 0;
          for (const step of steps) {
            if (step.kind === "add") {
              added += step.times;
              bench.add(step.orgId, step.times, step);
            } else if (step.kind === "probe") {
              added++;
              bench.probe(step.orgId);
            } else if (step.kind === "advance") {
              await advance(step.ms);
            } else if (step.kind === "expect") {
              bench.queue.expect(step.orgId, 0, -1);
            } else if (step.kind === "expectNoMore") {
              bench.queue.expectNoMore([step.orgId], 0);
            } else if (step.kind === "hold") {
              bench.queue.hold();
              holds++;
            } else if (step.kind === "release") {
              if (holds > 0) bench.queue.release();
              holds = Math.max(0, holds - 1);
            } else {
              bench.queue[step.kind](step.orgId);
            }
            expect(bench.underWay()).toBeLessThanOrEqual(MOST_CALLS);
          }
          for (; holds > 0; holds--) bench.queue.release();
          bench.queue.expectNoMore(
            conducts.map((_, index) => `o${index}`),
            0,
          );
          if (isClosed) bench.queue.close();
          // The slowest takes 12 s for a call, and one that never answers has one call at a time.
          await advance(added * 13 * SECOND);
          const met = [...bench.calls, ...bench.skipped].map(({ orgId, number }) => `${orgId} ${number}`);
          expect(met).toHaveLength(added);
          expect(new Set(met).size).toBe(added);
          expect(bench.underWay()).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  });
});
