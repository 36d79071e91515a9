import fc from "fast-check";
import { expect, it } from "vitest";
import { ALL_KEYS, clip, type KeySpan, onlyKey, union } from "../../lib/store/key-span.ts";
import type { OpenTaskPage } from "../../lib/store/open-task-store.ts";
import { readPages } from "../../lib/sweep/pages.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";

const keyOf = (index: number) => (index * 16 ** 9).toString(16).padStart(16, "0");

/** Reads the spans of an index of this many tasks, in pages of this many. */
async function read(tasks: number, pageSize: number, spans: KeySpan[]) {
  const keys = Array.from({ length: tasks }, (_, index) => keyOf(index));
  const openTasks = {
    async page(_: number, span: KeySpan, __: unknown, after?: unknown): Promise<OpenTaskPage> {
      const all = keys.filter((key) => key >= span.from && key < span.to);
      const from = after === undefined ? 0 : all.indexOf(String(after)) + 1;
      const items = all.slice(from, from + pageSize);
      const last = items.at(-1);
      return {
        read: items.length,
        tasks: items.map((indexKey) => ({ indexKey }) as OpenTask),
        unreadable: [],
        end: last !== undefined && from + pageSize < all.length ? { indexKey: last, key: last } : undefined,
      } as OpenTaskPage;
    },
  };
  const pages: { keys: KeySpan; read: string[] }[] = [];
  const signal = new AbortController().signal;
  for await (const { keys, tasks } of readPages(openTasks as never, 0, spans, () => true, signal)) {
    pages.push({ keys, read: tasks.map(({ indexKey }) => indexKey) });
  }
  return { keys, pages };
}

it("every task of the spans is read once, and it is known of which keys everything was read", async () => {
  const bound = fc.nat(150);
  const spans = fc
    .array(fc.tuple(bound, bound), { maxLength: 60 })
    .map((pairs) =>
      union(
        pairs.map(([a, b]) =>
          a === b ? onlyKey(keyOf(a)) : { from: keyOf(Math.min(a, b)), to: keyOf(Math.max(a, b)) },
        ),
      ),
    );
  await fc.assert(
    fc.asyncProperty(spans, fc.integer({ min: 1, max: 40 }), async (spans, pageSize) => {
      const { keys, pages } = await read(150, pageSize, spans);
      const all = pages.flatMap(({ read }) => read);
      expect(all).toEqual([...new Set(all)].sort());
      const isIn = (spans: readonly KeySpan[], key: string) => clip(spans, onlyKey(key)).length > 0;
      expect(keys.filter((key) => isIn(spans, key) && !all.includes(key))).toEqual([]);
      const covered = pages.map(({ keys }) => keys);
      expect(keys.filter((key) => isIn(covered, key) && !all.includes(key))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it("what lies between spans is skipped, unless many of them are on a page", async () => {
  const every = (distance: number) =>
    Array.from({ length: Math.ceil(1_000 / distance) }, (_, index) => onlyKey(keyOf(index * distance)));
  const pagesOf = async (spans: KeySpan[]) => (await read(1_000, 100, spans)).pages.length;
  expect(await pagesOf([ALL_KEYS])).toBe(10);
  expect(await pagesOf([])).toBe(0);
  // Ten on each page, and nine.
  expect(await pagesOf(every(10))).toBe(10);
  expect(await pagesOf(every(12).slice(0, 20))).toBe(1 + 20 - 9);
  // After a jump, too.
  expect(await pagesOf([onlyKey(keyOf(0)), ...every(5).slice(100)])).toBe(1 + 5);
  expect(await pagesOf([...every(5).slice(0, 29), onlyKey(keyOf(900))])).toBe(1 + 10);
});
