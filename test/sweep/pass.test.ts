import fc from "fast-check";
import { expect, it } from "vitest";
import { ALL_KEYS, type KeySpan, keysBefore, keysFrom } from "../../lib/store/key-span.ts";
import { Backlog } from "../../lib/sweep/backlog.ts";
import { Pass } from "../../lib/sweep/pass.ts";

const KEYS = Array.from({ length: 12 }, (_, index) => index.toString(16).padStart(16, "0"));
const ORGS = ["behind", "also behind", "not behind"];
const place = fc.nat(KEYS.length - 1);
const includes = ({ from, to }: KeySpan, key: string) => from <= key && key < to;

it("reads what it has not left, from its start round to its end, and says what is unread", () => {
  fc.assert(
    fc.property(
      place,
      fc.array(fc.tuple(place, fc.constantFrom(...ORGS))),
      fc.option(place, { nil: undefined }),
      (start, leaves, stop) => {
        const from = KEYS[start] as string;
        const inOrder = [...KEYS.slice(start), ...KEYS.slice(0, start)];
        const behind = ORGS.slice(0, 2).map(
          (orgId) => new Backlog({ orgId, unread: [{ ...ALL_KEYS, watermark: 5 }] }),
        );
        const pass = new Pass({ legs: [keysFrom(from), keysBefore(from)], backlogs: behind });
        const positionOf = (index: number) => ({
          leg: index < KEYS.length - start ? 0 : 1,
          key: inOrder[index] as string,
        });
        const leftFrom = new Map<string, number>();
        for (const [index, orgId] of leaves.sort(([a], [b]) => a - b)) {
          if (stop !== undefined && index >= stop) continue;
          pass.leave(orgId, positionOf(index));
          leftFrom.set(orgId, Math.min(index, leftFrom.get(orgId) ?? index));
        }
        for (const orgId of ORGS) expect(pass.hasLeft(orgId)).toBe(leftFrom.has(orgId));
        for (const key of KEYS) {
          expect(pass.servedAt({ orgId: "behind", indexKey: key })).toBe(5);
          expect(pass.servedAt({ orgId: "not behind", indexKey: key })).toBeUndefined();
        }

        const { unread, left } = pass.end(stop === undefined ? undefined : positionOf(stop));
        for (const [index, key] of inOrder.entries()) {
          const isUnread = stop !== undefined && index >= stop;
          expect(unread.some((span) => includes(span, key))).toBe(isUnread);
          for (const backlog of behind) {
            const end = leftFrom.get(backlog.orgId) ?? stop;
            expect(backlog.unreadAt(key)).toBe(end !== undefined && index >= end ? 5 : undefined);
          }
          const end = leftFrom.get("not behind");
          const isLeft = left.get("not behind")?.some((span) => includes(span, key)) ?? false;
          expect(isLeft).toBe(end !== undefined && index >= end);
        }
        expect([...left.keys()]).toEqual(leftFrom.has("not behind") ? ["not behind"] : []);
      },
    ),
  );
});

it("is over once every organisation that it serves was left", () => {
  const backlogs = ["a", "b"].map((orgId) => new Backlog({ orgId }));
  const pass = new Pass({ legs: [keysFrom("")], backlogs });
  expect(pass.isOver).toBe(false);
  for (const orgId of ["a", "a"]) pass.leave(orgId, { leg: 0, key: "" });
  expect(pass.isOver).toBe(false);
  pass.leave("b", { leg: 0, key: "" });
  expect(pass.isOver).toBe(true);
});
