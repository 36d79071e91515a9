import { BatchWriteCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { indexEntryOf, keyOf } from "../../lib/store/index-key.ts";
import type { Database } from "../../lib/store/table.ts";
import { CHANNEL, ORGANISATION } from "./enos.ts";

const BATCH = 25;
/** Tasks begin in so many different milliseconds, or some would share an index key. A sweep may check those twice. */
const SPREAD_MS = 10_000;

/**
 * Writes open tasks into the table.
 *
 * @param shards over which the tasks are spread
 * @param ageMs how long they have been tracked
 */
export async function seed(
  { client, table }: Database,
  count: number,
  shards: number,
  ageMs: number,
): Promise<void> {
  const now = Date.now();
  for (let start = 0; start < count; start += BATCH) {
    const items = Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => {
      const since = now - ageMs - ((start + index) % SPREAD_MS);
      const task = { orgId: ORGANISATION.orgId, channelId: CHANNEL, taskId: taskId(start + index) };
      return {
        ...keyOf(task),
        ...indexEntryOf(task, since, shards),
        trackedAt: since,
        state: "running",
        stateSince: since,
        progressCode: 1,
        progressDesc: "downloading",
      };
    });
    await client.send(
      new BatchWriteCommand({ RequestItems: { [table]: items.map((Item) => ({ PutRequest: { Item } })) } }),
    );
  }
}

/** Sets the watermark of every shard to this long ago: with an hour all tasks are due, with 0 none is. */
export async function rewind({ client, table }: Database, shards: number, ageMs: number): Promise<void> {
  const watermark = Date.now() - ageMs;
  for (let shard = 0; shard < shards; shard++) {
    const Item = { pk: "#shards", sk: String(shard), watermark, gaps: [] };
    await client.send(new PutCommand({ TableName: table, Item }));
  }
}

/** The id of the n-th task, as long as those of EnOS. */
export function taskId(n: number): string {
  return n.toString(16).padStart(32, "0");
}
