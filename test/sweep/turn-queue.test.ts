import * as fc from "fast-check";
import { expect, it } from "vitest";
import { TurnQueue } from "../../lib/sweep/turn-queue.ts";

interface Item {
  source?: number;
  number: number;
}

it("lets sources take turns, each in its own order", () => {
  const queue = new TurnQueue<Item>();
  for (let number = 0; number < 4; number++) queue.add({ source: 1, number });
  queue.add({ source: 2, number: 10 });
  queue.add({ number: 20 });
  queue.add({ source: 1, number: -1 }, true);
  const taken: (number | undefined)[] = [];
  while (queue.length > 0) taken.push(queue.take()?.number);
  expect(taken).toEqual([-1, 10, 20, 0, 1, 2, 3]);
  expect(queue.take()).toBeUndefined();
});

it("takes an item that goes first before all others, whatever its source", () => {
  const queue = new TurnQueue<Item>();
  for (const source of [1, 2, 3]) for (let number = 0; number < 2; number++) queue.add({ source, number });
  queue.add({ source: 3, number: -1 }, true);
  queue.add({ source: 4, number: -2 }, true);
  const taken: string[] = [];
  while (queue.length > 0) {
    const { source, number } = queue.take() as Item;
    taken.push(`${source}:${number}`);
  }
  expect(taken).toEqual(["4:-2", "3:-1", "1:0", "2:0", "3:0", "1:1", "2:1", "3:1"]);
});

it("loses and repeats nothing, and knows how much is queued", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ source: fc.nat(3), goesFirst: fc.boolean() }) },
    { weight: 2, arbitrary: fc.constant("take" as const) },
    { weight: 1, arbitrary: fc.constant("clear" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const queue = new TurnQueue<Item>();
      // What is queued from each source, as plain lists.
      const model = new Map<number, number[]>();
      const all = () => [...model.values()].flat();
      for (const [number, one] of steps.entries()) {
        if (one === "take") {
          const item = queue.take();
          const line = model.get(item?.source ?? -1);
          expect(item?.number).toBe(line?.shift());
          expect(item === undefined).toBe(all().length === 0 && line === undefined);
        } else if (one === "clear") {
          const numbers = queue.clear().map((item) => item.number);
          expect(numbers.toSorted()).toEqual(all().toSorted());
          model.clear();
        } else {
          const { source, goesFirst } = one;
          queue.add({ source, number }, goesFirst);
          const line = model.get(source) ?? [];
          model.set(source, goesFirst ? [number, ...line] : [...line, number]);
        }
        expect(queue.length).toBe(all().length);
        for (const [source, line] of model) expect(queue.lengthFrom(source)).toBe(line.length);
      }
    }),
  );
});
