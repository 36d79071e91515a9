import { indexEntryOf, keyOf } from "../../lib/store/index-key.ts";
import { SAMPLE_TASK } from "./assumptions.ts";
import { EPOCH } from "./virtual-time.ts";

/** Attributes of the types that the index holds. */
type Item = Readonly<Record<string, string | number>>;

/**
 * The size of an item in bytes, as DynamoDB counts it: names and strings by their UTF-8, a number as one byte for
 * every two significant digits and one more.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce(
    (bytes, [name, value]) => bytes + Buffer.byteLength(name) + valueBytes(value),
    0,
  );
}

function valueBytes(value: string | number): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  const significant = String(Math.abs(value))
    .replace(".", "")
    .replace(/^0+|0+$/g, "").length;
  return Math.ceil(significant / 2) + 1;
}

/**
 * Read units of an eventually consistent query, as every query of a global index is: half a unit for each 4 KB of
 * all its items together, rounded up.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
export function queryUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 4096)) * 0.5;
}

/** Read units of one item that has to be as it is now; none is larger than 4 KB. */
export const CONSISTENT_READ_UNITS = 1;

/** An open task's item in the index: the keys of the table and of the index, and what the index carries besides. */
export const INDEX_ITEM = {
  ...keyOf(SAMPLE_TASK),
  // The length of a shard's number hardly matters: the byte is the same up to 99.
  ...indexEntryOf(SAMPLE_TASK, EPOCH, 64),
  state: "running",
} satisfies Item;

/** The same in the table, where it also says since when it is tracked and in its state, and how far EnOS has got. */
export const TASK_ITEM = {
  ...INDEX_ITEM,
  trackedAt: EPOCH,
  stateSince: EPOCH,
  progressCode: 1,
  progressDesc: "downloading",
} satisfies Item;
