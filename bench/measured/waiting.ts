import { taskEvent } from "../../local/harness/api-event.ts";
import { CHANNEL, ORGANISATION } from "../harness/enos.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import type { Testbed } from "../harness/testbed.ts";

/** The number of concurrent waiting lookups. */
const WAITS = 60;
/** Their ends are spread over this time, in milliseconds, which is many polling intervals. */
const SPREAD_MS = 16_000;

/** How long after a task's end a waiting lookup is answered. */
export async function waiting(testbed: Testbed): Promise<Row> {
  tell("waiting lookups");
  const { orgId } = ORGANISATION;
  await using status = await testbed.start("status");
  await testbed.enos.setLatency(20);
  const startedAt = Date.now();
  const delays = await Promise.all(
    Array.from({ length: WAITS }, async (_, index) => {
      const taskId = `waited-for-${index}`;
      // Evenly over the intervals, each at a different position within one.
      const afterMs = 1_000 + Math.round((SPREAD_MS * index) / WAITS);
      await testbed.enos.endTask(taskId, startedAt, afterMs);
      const event = {
        ...taskEvent("status", { orgId, channelId: CHANNEL, taskId }),
        headers: { prefer: "wait=25" },
      };
      const { value } = await status.measure<{ body?: string }>(event, 29_000);
      if (!JSON.parse(value.body ?? "{}").data?.terminal)
        throw new Error(`waiting was answered with ${value.body}`);
      return Date.now() - (startedAt + afterMs);
    }),
  );
  return {
    what: "time from a task's end to the answer of a lookup that waits for it",
    against: "one second",
    ratios: delays.map((ms) => ms / 1000),
    target: 1.2,
    reach: "at most",
  };
}
