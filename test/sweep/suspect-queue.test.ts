import { beforeEach, describe, expect, it } from "vitest";
import type { CallWindow } from "../../lib/sweep/call-window.ts";
import { type Lane, newLane, type Queued } from "../../lib/sweep/lane.ts";
import { SuspectQueue } from "../../lib/sweep/suspect-queue.ts";

interface Item extends Queued {
  name: string;
}

/** When the rates' clock begins to count calls. */
const NOW = 1_000;

let queue: SuspectQueue<Item>;
/** When the queue is to be asked again, and when it said so. */
let woken: { at: number; now: number }[];

beforeEach(() => {
  woken = [];
  queue = new SuspectQueue<Item>({ wake: (at, now) => woken.push({ at, now }) });
});

/** An organisation that was answered, with a window of many calls, nothing else queued and nothing in flight. */
function lane(orgId: string, known: Partial<Lane<Item>> = {}): Lane<Item> {
  const window = { size: 100, hasAnswered: true } as CallWindow;
  return Object.assign(newLane<Item>({ orgId, window, pace: "quick", lastTurn: 0, spacingMs: 1 }), known);
}

/** Queues an item whose task went unanswered this often. */
function add(lane: Lane<Item>, name: string, calls: number): void {
  queue.add(lane, { orgId: lane.orgId, name }, calls);
}

function takeAll(): string[] {
  const names: string[] = [];
  for (let next = queue.take(NOW); next; next = queue.take(NOW)) {
    expect(next.item.orgId).toBe(next.lane.orgId);
    names.push(next.item.name);
  }
  return names;
}

/** Whether an item of an organisation in this state would be taken. */
function isTaken(known: Partial<Lane<Item>>): boolean {
  const one = lane("o1", known);
  add(one, "suspect", 2);
  const isTaken = queue.take(NOW) !== undefined;
  queue.clear(one);
  return isTaken;
}

/** A window of this size, of an organisation that was answered in this sweep. */
const answered = (size: number) => ({ size, hasAnswered: true }) as CallWindow;
const notAnswered = { size: 1, hasAnswered: false } as CallWindow;
/** The queue of an organisation with another task to call for. */
const otherItems = () => {
  const { items } = lane("o1");
  items.add({ orgId: "o1", name: "other" });
  return items;
};

describe("suspects are taken", () => {
  it("in the order of their calls without an answer, whatever their organisation, and each once", () => {
    const [a, b] = [lane("a"), lane("b")];
    add(a, "after 40", 40);
    add(b, "after 2", 2);
    add(a, "after 3", 3);
    add(b, "after 30", 30);
    add(a, "goes first", 0);
    expect([queue.lengthOf(a), queue.lengthOf(b), queue.lengthOf(lane("c"))]).toEqual([3, 2, 0]);
    expect(takeAll()).toEqual(["goes first", "after 2", "after 3", "after 30", "after 40"]);
    expect([queue.lengthOf(a), queue.lengthOf(b)]).toEqual([0, 0]);
  });

  it("first of the organisation with the fewest calls about them in flight, so that none waits for another's many", () => {
    const [many, few] = [lane("many"), lane("few")];
    for (let index = 0; index < 20; index++) add(many, `many ${index}`, 2);
    for (const calls of [7, 8, 9]) add(few, `few ${calls}`, calls);
    const taken: string[] = [];
    for (let next = queue.take(NOW); next && taken.length < 8; next = queue.take(NOW)) {
      next.lane.suspectsInFlight++;
      taken.push(next.item.name.replace(/many .*/, "many"));
    }
    expect(taken).toEqual(["many", "few 7", "many", "few 8", "many", "few 9", "many", "many"]);
  });

  it("in turn of organisations that have equally many in flight, however often theirs went unanswered", () => {
    const lanes = ["a", "b", "c"].map((orgId) => lane(orgId));
    for (const [index, one] of lanes.entries()) {
      for (let time = 0; time < 3; time++) add(one, one.orgId, 2 + 10 * index + time);
    }
    expect(takeAll().join("")).toBe("abcabcabc");
  });

  it("in any order if they went unanswered equally often", () => {
    for (const orgIds of [
      ["a", "a"],
      ["a", "b"],
    ]) {
      const orders = new Set<string>();
      const lanes = new Map(orgIds.map((orgId) => [orgId, lane(orgId)]));
      for (let time = 0; time < 100; time++) {
        queue = new SuspectQueue<Item>({ wake: () => {} });
        for (const [index, orgId] of orgIds.entries()) add(lanes.get(orgId) as Lane<Item>, String(index), 2);
        orders.add(takeAll().join());
      }
      expect(orders).toEqual(new Set(["0,1", "1,0"]));
    }
  });

  it("after their organisation's first answer, unless it has no other task", () => {
    expect(isTaken({ window: notAnswered, items: otherItems() })).toBe(false);
    expect(isTaken({ window: notAnswered, inFlight: 1 })).toBe(false);
    expect(isTaken({ window: notAnswered })).toBe(true);
    expect(isTaken({ inFlight: 1, items: otherItems() })).toBe(true);
  });

  it("in turn with the other tasks that may be called for", () => {
    expect(isTaken({ wasSuspect: true, items: otherItems() })).toBe(false);
    expect(isTaken({ wasSuspect: true })).toBe(true);
    const waiting = otherItems();
    waiting.expect(7, -1);
    expect(isTaken({ wasSuspect: true, items: waiting })).toBe(true);
  });

  it("while they have less than half as many calls in flight as the window allows, and always one", () => {
    const upTo = (size: number) =>
      [0, 1, 2, 3].filter((suspectsInFlight) => isTaken({ window: answered(size), suspectsInFlight }));
    expect([1, 2, 4, 5].map(upTo)).toEqual([[0], [0], [0, 1], [0, 1, 2]]);
  });

  it("when the organisation's rate allows it, and the queue is asked again then", () => {
    // Calls may run ahead of the rate by a tenth of a second.
    const [paced, free] = [lane("paced", { nextAt: NOW + 101 }), lane("free")];
    add(paced, "paced", 2);
    add(lane("busy", { nextAt: NOW + 101, suspectsInFlight: 50 }), "busy", 2);
    expect(queue.take(NOW)).toBeUndefined();
    expect(woken).toEqual([{ at: NOW + 1, now: NOW }]);
    add(free, "free", 9);
    expect(queue.take(NOW)?.item.name).toBe("free");
    woken = [];
    expect(queue.take(NOW + 1)).toEqual({ lane: paced, item: { orgId: "paced", name: "paced" } });
    expect(woken).toEqual([]);
  });
});

it("it is known how many suspects go first, of all organisations", () => {
  const [a, b] = [lane("a"), lane("b")];
  const lengths = [queue.lengthInFront];
  const note = () => lengths.push(queue.lengthInFront);
  for (const [lane, calls] of [
    [a, 0],
    [a, 2],
    [b, 0],
    [b, 0],
  ] as const)
    add(lane, "any", calls);
  note();
  queue.take(NOW);
  note();
  queue.clear(b);
  queue.clear(a);
  note();
  add(a, "one", 0);
  add(a, "two", 2);
  queue.take(NOW);
  queue.take(NOW);
  note();
  expect(lengths).toEqual([0, 3, 2, 0, 0]);
});

it("all suspects of an organisation are removed and returned, and no other's", () => {
  const [a, b] = [lane("a"), lane("b")];
  for (const name of ["a1", "a2"]) add(a, name, 2);
  add(b, "b1", 3);
  expect(
    queue
      .clear(a)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["a1", "a2"]);
  expect([queue.lengthOf(a), queue.lengthOf(b)]).toEqual([0, 1]);
  expect(queue.clear(a)).toEqual([]);
  expect(takeAll()).toEqual(["b1"]);
});
