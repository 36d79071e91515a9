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
  const taken: (number | undefined)[] = [];
  while (queue.length > 0) taken.push(queue.take()?.number);
  expect(taken).toEqual([0, 10, 20, 1, 2, 3]);
  expect(queue.take()).toBeUndefined();
});

it("takes any item if it is to be any, whatever its source and its place", () => {
  const taken = new Set<number | undefined>();
  for (let time = 0; time < 200; time++) {
    const queue = new TurnQueue<Item>();
    for (let number = 0; number < 6; number++) queue.add({ source: number % 3, number });
    taken.add(queue.take(true)?.number);
  }
  expect([...taken].sort()).toEqual([0, 1, 2, 3, 4, 5]);
});

it("loses and repeats nothing, and knows how much is queued", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ source: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.constantFrom("take" as const, "take any" as const) },
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
        } else if (one === "take any") {
          const item = queue.take(true);
          expect(all().length > 0 ? all() : [undefined]).toContain(item?.number);
          // It is replaced by the first of its source.
          const line = model.get(item?.source ?? -1) ?? [];
          const first = line.shift();
          if (item && first !== item.number) line[line.indexOf(item.number)] = first as number;
        } else if (one === "clear") {
          const numbers = queue.clear().map((item) => item.number);
          expect(numbers.toSorted()).toEqual(all().toSorted());
          model.clear();
        } else {
          queue.add({ ...one, number });
          model.set(one.source, [...(model.get(one.source) ?? []), number]);
        }
        expect(queue.length).toBe(all().length);
      }
    }),
  );
});
