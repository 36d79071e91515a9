import { Application } from "./application.ts";
import { CHANNEL, NO_ENVELOPE, type Tracking } from "./tracked-examples.ts";

/** A caller's orders, each with a download whose event contains the order's number. */
const ORDERS = ["order-4711", "order-4712"];
const READY_AFTER_MS = 3_000;
const WAIT_SECONDS = 25;

/** What callers do besides tracking single tasks. */
export interface Callers {
  /** The HTTP status for each task of a bulk request. */
  statuses: number[];
  /** When each of these tasks ends, in Unix milliseconds. */
  endsAt: Map<string, number>;
  /** Resolves when a lookup that waits for one of them is answered. */
  waited: Promise<{ taskId: string; state: string; afterItsEndMs: number }>;
}

/** Tracks several tasks with one request, and waits for one of them to end. */
export async function showCallers({ enos, gateway, service }: Tracking): Promise<Callers> {
  const { orgId } = gateway;
  const application = await Application.signIn(gateway);
  const endsAt = new Map<string, number>();
  const tasks: { channelId: string; taskId: string; correlationId: string }[] = [];
  for (const correlationId of ORDERS) {
    enos.setCreatedTimeline(orgId, [
      { afterMs: 0, progressCode: 1 },
      {
        afterMs: READY_AFTER_MS,
        progressCode: 3,
        downloadUrl: `http://files.enos.example/${correlationId}.zip`,
        dataSize: 4_194_304,
      },
    ]);
    const begun = Date.now();
    const taskId = await application.download(CHANNEL, correlationId, null);
    endsAt.set(taskId, begun + READY_AFTER_MS);
    tasks.push({ channelId: CHANNEL, taskId, correlationId });
  }
  const { envelope } = await service.client.trackMany(orgId, tasks);
  if (!envelope?.data) throw new Error(`tasks could not be tracked: ${envelope?.msg ?? NO_ENVELOPE}`);
  const { taskId } = tasks[0] as (typeof tasks)[0];
  const waited = service.client
    .status({ orgId, channelId: CHANNEL, taskId }, WAIT_SECONDS)
    .then((answer) => ({
      taskId,
      state: answer.envelope?.data.state ?? String(answer.status),
      afterItsEndMs: Date.now() - (endsAt.get(taskId) as number),
    }));
  return { statuses: envelope.data.outcomes.map(({ status }) => status), endsAt, waited };
}
