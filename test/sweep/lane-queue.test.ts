import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Choice, LaneQueue } from "../../lib/sweep/lane-queue.ts";

interface Item {
  source: number;
  checked?: { through: number };
  name: string;
}

const SECOND = 1_000;

/** In which second the watermark of an item lies. */
function secondOf({ checked }: Item): number {
  return Math.floor((checked?.through ?? 0) / SECOND);
}

function takeAll(queue: LaneQueue<Item>): string[] {
  const names: string[] = [];
  for (let item = queue.take("first"); item; item = queue.take("first")) names.push(item.name);
  return names;
}

it("takes what is furthest behind, whatever its source and whenever it was queued", () => {
  const queue = new LaneQueue<Item>();
  const add = (name: string, source: number, second: number) =>
    queue.add({ name, source, checked: { through: second * SECOND } });
  add("new 1", 1, 120);
  add("new 2", 2, 120);
  add("old 2", 2, 60);
  add("newest", 1, 180);
  add("old 1", 1, 60);
  add("oldest", 3, 0);
  expect(takeAll(queue)).toEqual(["oldest", "old 2", "old 1", "new 1", "new 2", "newest"]);
});

it("lets sources take turns with items that are within a second equally far behind", () => {
  const added = fc.record({ source: fc.nat(3), through: fc.nat(4 * SECOND) });
  fc.assert(
    fc.property(fc.array(added, { maxLength: 40 }), (added) => {
      const items = added.map(({ source, through }, index) => ({
        name: String(index),
        source,
        checked: { through },
      }));
      const queue = new LaneQueue<Item>();
      for (const item of items) queue.add(item);
      // First the first of each source, in the order in which the sources came, then the second of each, and so on.
      const places = items.map((item) => {
        const equal = items.filter((other) => secondOf(other) === secondOf(item));
        const own = equal.filter(({ source }) => source === item.source);
        return { item, turn: own.indexOf(item), sourceCame: equal.indexOf(own[0] as Item & typeof item) };
      });
      places.sort(
        (a, b) => secondOf(a.item) - secondOf(b.item) || a.turn - b.turn || a.sourceCame - b.sourceCame,
      );
      expect(takeAll(queue)).toEqual(places.map(({ item }) => item.name));
    }),
  );
});

it("takes an item that goes first before all others, and counts those", () => {
  const queue = new LaneQueue<Item>();
  const checked = { through: 60 * SECOND };
  for (const source of [1, 2]) queue.add({ name: `oldest ${source}`, source, checked: { through: 0 } });
  queue.add({ name: "late", source: 3, checked }, { goesFirst: true });
  queue.add({ name: "later", source: 1, checked }, { goesFirst: true });
  expect([queue.length, queue.lengthInFront, queue.lengthFrom(1)]).toEqual([4, 2, 2]);
  expect([queue.sources, new LaneQueue().sources]).toEqual([3, 1]);
  expect(takeAll(queue)).toEqual(["later", "late", "oldest 1", "oldest 2"]);
  expect(queue.lengthInFront).toBe(0);
});

it("takes an item that was asked about in vain after those that have not been checked since", () => {
  const queue = new LaneQueue<Item>();
  const add = (name: string, second: number, askedAt?: number) =>
    queue.add({ name, source: 1, checked: { through: second * SECOND } }, { askedAt });
  add("asked at 70", 10, 70 * SECOND);
  add("checked at 60", 60);
  add("asked at 50, checked at 65", 65, 50 * SECOND);
  add("checked at 20", 20);
  add("checked at 80", 80);
  expect(takeAll(queue)).toEqual([
    "checked at 20",
    "checked at 60",
    "asked at 50, checked at 65",
    "asked at 70",
    "checked at 80",
  ]);
});

it("takes an item that was asked about in vain after those that were checked in the same second", () => {
  const names = ["asked", "checked", "asked too", "checked too"];
  for (const order of [names, names.toReversed()]) {
    const queue = new LaneQueue<Item>();
    for (const name of order) {
      const askedAt = name.startsWith("asked") ? 70 * SECOND : undefined;
      queue.add({ name, source: 1, checked: { through: 70 * SECOND } }, { askedAt });
    }
    const isChecked = (name: string) => name.startsWith("checked");
    expect(takeAll(queue)).toEqual([...order.filter(isChecked), ...order.filter((name) => !isChecked(name))]);
  }
});

it("counts no items of a source that were asked about in vain, and takes them as others only if there is nothing else", () => {
  for (let time = 0; time < 50; time++) {
    const queue = new LaneQueue<Item>();
    const checked = { through: 0 };
    queue.add({ name: "well", source: 1, checked });
    for (let number = 0; number < 9; number++) {
      queue.add({ name: "asked", source: 1, checked }, { askedAt: number === 0 ? 0 : 70 * SECOND });
    }
    queue.add({ name: "in front", source: 2, checked }, { goesFirst: true, askedAt: 70 * SECOND });
    const counts = () => [queue.length, queue.lengthFrom(1), queue.lengthFrom(2), queue.sources];
    expect(counts()).toEqual([11, 1, 1, 2]);
    expect([queue.take("others")?.name, queue.take("others")?.name]).toEqual(["in front", "well"]);
    expect(counts()).toEqual([9, 0, 0, 2]);
    for (let left = 9; left > 0; left--) expect(queue.take("others")?.name).toBe("asked");
    expect(queue.take("others")).toBeUndefined();
    expect(counts()).toEqual([0, 0, 0, 2]);
  }
});

it("has nothing to take while an item is expected that would go before the next one", () => {
  const queue = new LaneQueue<Item>();
  const add = (second: number, source: number, goesFirst = false) =>
    queue.add({ name: `${second}`, source, checked: { through: second * SECOND } }, { goesFirst });
  queue.expect(1, 60 * SECOND);
  queue.expect(2, 30 * SECOND);
  expect(queue.hasNext).toBe(false);
  add(90, 1);
  add(60, 2);
  expect(queue.hasNext).toBe(false);
  add(30, 2);
  expect(queue.hasNext).toBe(true);
  expect(queue.take("first")?.name).toBe("30");
  // Equally far behind as what is expected from another source.
  expect(queue.hasNext).toBe(true);
  expect(queue.take("first")?.name).toBe("60");
  expect(queue.hasNext).toBe(false);
  add(120, 3, true);
  expect(queue.hasNext).toBe(true);
  expect(queue.take("first")?.name).toBe("120");
  expect(queue.hasNext).toBe(false);
  queue.expectNoMore(1);
  expect(queue.hasNext).toBe(true);
});

it("loses and repeats nothing, knows how much is queued and what is expected, and takes what is furthest behind unless it is to be another", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        adds: fc.nat(3),
        second: fc.option(fc.nat(4), { nil: undefined }),
        goesFirst: fc.nat(4).map((n) => n === 0),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ takes: fc.constantFrom("first", "first", "anyFurthest", "others") }),
    },
    { weight: 1, arbitrary: fc.record({ expects: fc.nat(3), second: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ expectsNoMore: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.constant("clear" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const queue = new LaneQueue<Item>();
      let front: Item[] = [];
      let others: Item[] = [];
      /** By source, the second up to which the item that is expected from it has been checked. */
      const expected = new Map<number, number>();
      const least = () => Math.min(...others.map(secondOf));
      for (const [number, one] of steps.entries()) {
        if (one === "clear") {
          expect(new Set(queue.clear())).toEqual(new Set([...front, ...others]));
          [front, others] = [[], []];
        } else if ("takes" in one) {
          const item = queue.take(one.takes);
          if (front.length > 0) expect(item).toBe(front.pop());
          else if (others.length === 0) expect(item).toBeUndefined();
          else {
            expect(others).toContain(item);
            if (one.takes !== "others") expect(secondOf(item as Item)).toBe(least());
            others = others.filter((other) => other !== item);
          }
        } else if ("expects" in one) {
          queue.expect(one.expects, one.second * SECOND);
          expected.set(one.expects, one.second);
        } else if ("expectsNoMore" in one) {
          queue.expectNoMore(one.expectsNoMore);
          expected.delete(one.expectsNoMore);
        } else {
          const { adds: source, second, goesFirst } = one;
          const name = String(number);
          const item =
            second === undefined ? { source, name } : { source, name, checked: { through: second * SECOND } };
          queue.add(item, { goesFirst });
          (goesFirst ? front : others).push(item);
          if ((expected.get(source) ?? -1) >= secondOf(item)) expected.delete(source);
        }
        const all = [...front, ...others];
        const mayTakeOther = others.length > 0 && least() <= Math.min(...expected.values());
        expect({
          hasNext: queue.hasNext,
          length: queue.length,
          inFront: queue.lengthInFront,
          from: [0, 1, 2, 3].map((source) => queue.lengthFrom(source)),
        }).toEqual({
          hasNext: front.length > 0 || mayTakeOther,
          length: all.length,
          inFront: front.length,
          from: [0, 1, 2, 3].map((source) => all.filter((item) => item.source === source).length),
        });
      }
    }),
  );
});

/** How often each of six items is taken that are checked up to three different seconds. */
function countTaken(choice: Choice, times: number): Map<string, number> {
  const taken = new Map<string, number>();
  for (let time = 0; time < times; time++) {
    const queue = new LaneQueue<Item>();
    for (const name of ["new 1", "new 2", "middle", "old 1", "old 2", "old 3"]) {
      const second = name.startsWith("new") ? 9 : name === "middle" ? 5 : 1;
      queue.add({ name, source: 1, checked: { through: second * SECOND } });
    }
    const name = queue.take(choice)?.name ?? "none";
    taken.set(name, (taken.get(name) ?? 0) + 1);
  }
  return taken;
}

it("takes any of those that are furthest behind if the order does not matter", () => {
  expect([...countTaken("anyFurthest", 200).keys()].sort()).toEqual(["old 1", "old 2", "old 3"]);
});

it("takes one of those that are least behind three times in four, or else any, if it need not be what is furthest behind", () => {
  const times = 20_000;
  const taken = countTaken("others", times);
  // One that is any is each of the six once in six times.
  for (const [name, share] of [
    ["new 1", 3 / 8 + 1 / 24],
    ["new 2", 3 / 8 + 1 / 24],
    ["middle", 1 / 24],
    ["old 1", 1 / 24],
    ["old 2", 1 / 24],
    ["old 3", 1 / 24],
  ] as const) {
    // More than six standard deviations.
    expect(Math.abs((taken.get(name) ?? 0) / times - share)).toBeLessThan(0.022);
  }
});
