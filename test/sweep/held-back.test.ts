import { expect, it } from "vitest";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import type { Check } from "../../lib/sweep/check.ts";
import { HeldBack } from "../../lib/sweep/held-back.ts";

const check = (orgId: string) => ({ orgId }) as Check;

/** Held back checks, and the organisations that are stuck: only because of their gateway, or themselves. */
function heldBack() {
  const onlyByGateway = new Set(["o1", "o2", "o3"]);
  const stuck = new Set(["s"]);
  const held = new HeldBack({
    isStuckOnlyByGateway: (orgId) => onlyByGateway.has(orgId),
    stuck: (orgId) => (onlyByGateway.has(orgId) || stuck.has(orgId) ? ({} as HealthRecord) : undefined),
  });
  return { held, onlyByGateway, stuck };
}

it("holds back what may still be answered, and nothing else", () => {
  const { held } = heldBack();
  expect(["o1", "s", "well"].map((orgId) => held.add(check(orgId)))).toEqual([true, false, false]);
  expect(held.orgIds).toEqual(["o1"]);
});

it("releases checks when their organisation was answered, or was not", () => {
  const { held, onlyByGateway, stuck } = heldBack();
  const checks = ["o1", "o1", "o2", "o3"].map(check);
  for (const one of checks) held.add(one);
  expect(held.release()).toEqual({ answered: [], stuck: [] });
  onlyByGateway.delete("o1");
  onlyByGateway.delete("o2");
  stuck.add("o2");
  expect(held.release()).toEqual({ answered: checks.slice(0, 2), stuck: [checks[2]] });
  expect(held.release()).toEqual({ answered: [], stuck: [] });
  expect(held.clear()).toEqual([checks[3]]);
  expect(held.clear()).toEqual([]);
});

it("gives one check for the second opinion", () => {
  const { held } = heldBack();
  held.add(check("o1"));
  held.add(check("o1"));
  expect(held.takeOne("o1")).toEqual(check("o1"));
  expect(held.orgIds).toEqual(["o1"]);
  expect(held.takeOne("o1")).toEqual(check("o1"));
  expect(held.takeOne("o1")).toBeUndefined();
  expect(held.orgIds).toEqual([]);
});
