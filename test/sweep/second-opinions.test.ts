import { beforeEach, expect, it } from "vitest";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import type { Check } from "../../lib/sweep/check.ts";
import type { FairQueue } from "../../lib/sweep/fair-queue.ts";
import { SecondOpinions } from "../../lib/sweep/second-opinions.ts";

/** What was queued, and how. */
let queued: { orgId: string; goesFirst?: boolean | undefined; since?: number }[];
let opinions: SecondOpinions;

/** Organisations whose names begin with "stuck" are stuck themselves. */
beforeEach(() => {
  queued = [];
  const queue: Pick<FairQueue<Check>, "probe" | "spareProbe"> = {
    probe: ({ orgId }, options) => queued.push({ orgId, ...options }),
    spareProbe: ({ orgId }, since) => queued.push({ orgId, since }),
  };
  opinions = new SecondOpinions({
    queue: queue as FairQueue<Check>,
    breakers: {
      ownRecord: (orgId) => (orgId.startsWith("stuck") ? ({ id: orgId } as HealthRecord) : undefined),
    },
  });
});

const ask = (orgId: string, since?: number) => opinions.ask(orgId, () => ({ orgId }) as Check, since);

it("are asked for once for each organisation, in however many shards it has tasks", () => {
  expect([ask("o1"), ask("stuck1"), ask("o1"), ask("stuck1")]).toEqual([true, true, false, false]);
  expect(queued).toEqual([
    { orgId: "o1", goesFirst: true },
    { orgId: "stuck1", goesFirst: false },
  ]);
  const none = () => {
    throw new Error("no check is needed");
  };
  expect(opinions.ask("o1", none)).toBe(false);
});

it("take waiting places that others need for 64 organisations of each kind, and then spare ones", () => {
  for (let index = 0; index < 70; index++) {
    ask(`o${index}`, 1);
    ask(`stuck${index}`, 1_000 + index);
  }
  const spare = queued.filter(({ since }) => since !== undefined);
  expect(queued).toHaveLength(140);
  expect(spare).toEqual(
    [64, 65, 66, 67, 68, 69].flatMap((index) => [
      { orgId: `o${index}`, since: 1 },
      { orgId: `stuck${index}`, since: 1_000 + index },
    ]),
  );
});
