import * as fc from "fast-check";
import { expect, it } from "vitest";
import { LaneQueue } from "../../lib/sweep/lane-queue.ts";

interface Item {
  source: number;
  checked: { through: number };
  name: string;
}

const SECOND = 1_000;

function takeAll(queue: LaneQueue<Item>): string[] {
  const names: string[] = [];
  for (let item = queue.take(); item; item = queue.take()) names.push(item.name);
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

it("lets sources take turns with items that are about equally far behind", () => {
  const queue = new LaneQueue<Item>();
  for (let number = 0; number < 3; number++) {
    for (const source of [1, 2]) {
      const through = 60 * SECOND + source * 10;
      if (source === 1 || number === 0)
        queue.add({ name: `${source}.${number}`, source, checked: { through } });
    }
  }
  expect(takeAll(queue)).toEqual(["1.0", "2.0", "1.1", "1.2"]);
});

it("takes an item that goes first before all others, and counts those", () => {
  const queue = new LaneQueue<Item>();
  const checked = { through: 60 * SECOND };
  for (const source of [1, 2]) queue.add({ name: `oldest ${source}`, source, checked: { through: 0 } });
  queue.add({ name: "late", source: 3, checked }, true);
  queue.add({ name: "later", source: 1, checked }, true);
  expect([queue.length, queue.lengthInFront, queue.lengthFrom(1)]).toEqual([4, 2, 2]);
  expect([queue.sources, new LaneQueue().sources]).toEqual([3, 1]);
  expect(takeAll(queue)).toEqual(["later", "late", "oldest 1", "oldest 2"]);
  expect(queue.lengthInFront).toBe(0);
});

it("has nothing to take while an item is expected that would go before the next one", () => {
  const queue = new LaneQueue<Item>();
  const add = (second: number, source: number, goesFirst = false) =>
    queue.add({ name: `${second}`, source, checked: { through: second * SECOND } }, goesFirst);
  queue.expect(1, 60 * SECOND);
  queue.expect(2, 30 * SECOND);
  expect(queue.hasNext).toBe(false);
  add(90, 1);
  add(60, 2);
  expect(queue.hasNext).toBe(false);
  add(30, 2);
  expect(queue.hasNext).toBe(true);
  expect(queue.take()?.name).toBe("30");
  // Equally far behind as what is expected from another source.
  expect(queue.hasNext).toBe(true);
  expect(queue.take()?.name).toBe("60");
  expect(queue.hasNext).toBe(false);
  add(120, 3, true);
  expect(queue.hasNext).toBe(true);
  expect(queue.take()?.name).toBe("120");
  expect(queue.hasNext).toBe(false);
  queue.expectNoMore(1);
  expect(queue.hasNext).toBe(true);
});

it("loses and repeats nothing, knows how much is queued, and takes what is furthest behind unless it is to be another", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        source: fc.nat(3),
        second: fc.nat(4),
        goesFirst: fc.nat(4).map((n) => n === 0),
      }),
    },
    { weight: 5, arbitrary: fc.constantFrom("first", "first", "oldest", "others") },
    { weight: 1, arbitrary: fc.constant("clear" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const queue = new LaneQueue<Item>();
      let front: Item[] = [];
      let others: Item[] = [];
      for (const [number, one] of steps.entries()) {
        if (one === "first" || one === "oldest" || one === "others") {
          const item = queue.take(one);
          if (front.length > 0) expect(item).toBe(front.pop());
          else if (others.length === 0) expect(item).toBeUndefined();
          else {
            expect(others).toContain(item);
            const least = Math.min(...others.map(({ checked }) => checked.through));
            if (one !== "others") expect(item?.checked.through).toBe(least);
            others = others.filter((other) => other !== item);
          }
        } else if (one === "clear") {
          expect(new Set(queue.clear())).toEqual(new Set([...front, ...others]));
          [front, others] = [[], []];
        } else {
          const item = {
            source: one.source,
            checked: { through: one.second * SECOND },
            name: String(number),
          };
          queue.add(item, one.goesFirst);
          (one.goesFirst ? front : others).push(item);
        }
        const all = [...front, ...others];
        expect(queue.hasNext).toBe(all.length > 0);
        expect(queue.length).toBe(all.length);
        expect(queue.lengthInFront).toBe(front.length);
        for (let from = 0; from < 4; from++) {
          expect(queue.lengthFrom(from)).toBe(all.filter(({ source }) => source === from).length);
        }
      }
    }),
  );
});

it("takes those that are least behind, or now and then any one, if it is not to be what is furthest behind", () => {
  const taken = new Map<string, number>();
  for (let time = 0; time < 300; time++) {
    const queue = new LaneQueue<Item>();
    for (const name of ["old", "older", "new", "newer"]) {
      const second = name.startsWith("old") ? 0 : 9;
      queue.add({ name, source: 1, checked: { through: second * SECOND } });
    }
    const name = queue.take("others")?.name ?? "";
    taken.set(name, (taken.get(name) ?? 0) + 1);
  }
  const times = (name: string) => taken.get(name) ?? 0;
  expect([...taken.keys()].toSorted()).toEqual(["new", "newer", "old", "older"]);
  expect(times("new") + times("newer")).toBeGreaterThan(2 * (times("old") + times("older")));
});
