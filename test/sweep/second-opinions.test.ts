import { beforeEach, expect, it } from "vitest";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import type { Check } from "../../lib/sweep/check.ts";
import { SecondOpinions } from "../../lib/sweep/second-opinions.ts";

/** What was queued, and how. */
let queued: { orgId: string; kind?: string; since?: number }[];
let opinions: SecondOpinions;

/** Organisations whose names begin with "stuck" are stuck themselves. */
beforeEach(() => {
  queued = [];
  const ownRecord = (orgId: string) =>
    orgId.startsWith("stuck") ? ({ id: orgId } as HealthRecord) : undefined;
  opinions = new SecondOpinions({
    queue: { probe: ({ orgId }, options) => queued.push({ orgId, ...options }) },
    breakers: { ownRecord },
  });
});

const ask = (orgId: string, since?: number) => opinions.ask(orgId, () => ({ orgId }) as Check, since);

it("are asked for once for each organisation, in however many shards it has tasks", () => {
  expect([ask("o1"), ask("stuck1"), ask("o1"), ask("stuck1")]).toEqual([true, true, false, false]);
  expect(queued.map(({ orgId }) => orgId)).toEqual(["o1", "stuck1"]);
  const none = () => {
    throw new Error("no check is needed");
  };
  expect(opinions.ask("o1", none)).toBe(false);
});

it("are the probe of an organisation that is stuck itself", () => {
  ask("o1", 1);
  ask("stuck1", 1_000);
  expect(queued).toEqual([
    { orgId: "o1", kind: "opinion", since: 1 },
    { orgId: "stuck1", kind: "probe", since: 1_000 },
  ]);
});

it("are checks with that purpose, whatever they were made for", () => {
  const purposes: unknown[] = [];
  new SecondOpinions({
    queue: { probe: ({ purpose }) => purposes.push(purpose) },
    breakers: { ownRecord: () => undefined },
  }).ask("o1", () => ({ orgId: "o1", purpose: "due" }) as unknown as Check);
  expect(purposes).toEqual(["opinion"]);
});
