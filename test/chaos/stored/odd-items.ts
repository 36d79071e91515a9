import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import * as fc from "fast-check";
import { codePoint } from "../../support/code-point.ts";

/** An item as DynamoDB stores it. */
export type StoredItem = Record<string, AttributeValue>;

/** Numbers that are not a valid time, count or code, or too large for JavaScript. */
const number = fc.constantFrom(
  "-1",
  "0",
  "1.5",
  "9007199254740993.5",
  "8700000000000000",
  "9007199254740993",
  "1E+30",
  "-1E+30",
);

/** Values that a console, a script or an older version may have left in an attribute. */
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  number.map((N) => ({ N })),
  fc.string({ unit: codePoint, maxLength: 20 }).map((S) => ({ S })),
  fc.constantFrom<AttributeValue>(
    { S: "" },
    { S: "1764000000000" },
    { S: "x".repeat(2_000) },
    { NULL: true },
    { BOOL: true },
    { L: [] },
    { L: [{ N: "7" }] },
    { M: {} },
    { M: { to: { N: "1E+30" }, at: { S: "zz" } } },
    { M: { to: { N: "9000000000000000" }, at: { S: "7" } } },
    { B: new Uint8Array([0, 255]) },
    { SS: ["a", "b"] },
    { NS: ["1", "9007199254740993.5"] },
  ),
);

/** Changes or removes some of an item's attributes; the keys of the table and its indexes keep their type. */
function spoilt(names: string[]): fc.Arbitrary<(item: StoredItem) => StoredItem> {
  return fc
    .tuple(
      fc.dictionary(fc.constantFrom(...names, "more"), value, { maxKeys: 4 }),
      fc.subarray(names, { maxLength: 2 }),
    )
    .map(([changed, gone]) => (item) => {
      const all = Object.entries({ ...item, ...changed });
      return Object.fromEntries(all.filter(([name]) => !gone.includes(name)));
    });
}

/** Damages a task's item. */
export const taskSpoilt = spoilt([
  "state",
  "stateSince",
  "trackedAt",
  "notFoundSince",
  "notFoundChecks",
  "progressCode",
  "progressDesc",
  "downloadUrl",
  "dataSize",
  "reason",
  "expiresAt",
  "correlationId",
  "labels",
  "traceparent",
  "deadlineAt",
]);

const LONG_AGO = { N: "1764000000000" };
const FAR_AHEAD = { N: "8700000000000000" };

/** A gap in what was checked, as DynamoDB stores it. */
const gap = (from: AttributeValue, to: AttributeValue, watermark: AttributeValue): AttributeValue => ({
  M: { from, to, watermark },
});
const FIRST = { S: "" };
const LAST = { S: "~" };

/** Shard records because of which a sweep would wait, read or fail for ever, if it believed them. */
export const SHARD_TRAPS: StoredItem[] = [
  { watermark: FAR_AHEAD },
  { watermark: { N: "9007199254740993.5" } },
  { leaseUntil: FAR_AHEAD, leaseOwner: { S: "nobody" } },
  { leaseUntil: { N: "1E+30" } },
  { gaps: { L: [gap(FIRST, LAST, FAR_AHEAD)] } },
  { gaps: { L: [gap(LAST, FIRST, LONG_AGO)] } },
  { gaps: { L: [gap({ S: "x".repeat(2_000) }, LAST, LONG_AGO)] } },
  { gaps: { L: Array(1_000).fill(gap(FIRST, LAST, LONG_AGO)) } },
  { behind: { M: { organisations: FAR_AHEAD, oldest: { N: "-1" }, oldestAnswering: { S: "soon" } } } },
  { readWholeAt: FAR_AHEAD, announcedAt: FAR_AHEAD },
  { schedule: { M: { id: { S: "60000/11/290000" }, since: FAR_AHEAD } } },
];

/** Damages a shard's record in other ways. */
export const shardSpoilt = spoilt([
  "watermark",
  "gaps",
  "leaseUntil",
  "leaseOwner",
  "sweptBy",
  "readWholeAt",
  "schedule",
  "openTasks",
  "behind",
  "announcedAt",
]);

/** Damages the record of an organisation that is behind in a shard. */
export const behindSpoilt = spoilt(["gaps", "next", "origin", "sweep"]);

/** Damages a health record. */
export const healthSpoilt = spoilt(["reason", "since", "nextProbeAt", "probes", "fingerprint"]);

/** Health records because of which an organisation would never be called, or a sweep fail, if it believed them. */
export const HEALTH_TRAPS: StoredItem[] = [
  { nextProbeAt: FAR_AHEAD },
  { since: FAR_AHEAD },
  { probes: FAR_AHEAD },
  { nextProbeAt: { N: "9000000000000000" }, since: { N: "9000000000000000" } },
];

/** Sort keys that are not those of a shard. */
export const NO_SHARDS = ["-5", "007", "1e3", "1e+21", "0x10", " 3", "x", "99999999999999999999"];

/** Sort keys that are not those of a task. */
export const NO_TASKS = ["a", "#", "ch-1#", "#t1", "ch-1#t1#x", "ch/1#t1", "ch-1#t 1", "\u0000#t"];
