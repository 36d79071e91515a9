import { indexEntryOf, keyOf } from "../../lib/store/index-key.ts";
import { EPOCH } from "../../local/harness/virtual-time.ts";

/** Ids as long as those of EnOS. */
export const SAMPLE_TASK = {
  orgId: "o15504722874071",
  channelId: "ch-dee0c5",
  taskId: "79449f27d3ff44b3990c547360c2851f",
};

/** An open task's item in the index: the keys of the table and of the index, and the projected attributes. */
export const INDEX_ITEM = {
  ...keyOf(SAMPLE_TASK),
  ...indexEntryOf(SAMPLE_TASK, EPOCH, 64),
  state: "running",
};

/** The same item in the table, with its further attributes. */
export const TASK_ITEM = {
  ...INDEX_ITEM,
  trackedAt: EPOCH,
  stateSince: EPOCH,
  progressCode: 1,
  progressDesc: "downloading",
};

/** The read units of a consistent read of one item; none is larger than 4 KB. */
export const CONSISTENT_READ_UNITS = 1;

/**
 * The size of an item in bytes, as DynamoDB counts it: names and strings by their UTF-8, a number as one byte for
 * every two significant digits and one more.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(item: Readonly<Record<string, string | number>>): number {
  const sizes = Object.entries(item).map(([name, value]) => {
    if (typeof value === "string") return Buffer.byteLength(name + value);
    const digits = String(Math.abs(value))
      .replace(".", "")
      .replace(/^0+|0+$/g, "");
    return Buffer.byteLength(name) + Math.ceil(digits.length / 2) + 1;
  });
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
