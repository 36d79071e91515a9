/** The Lambda function `download-tracker`, which the state machine `track-and-wait.asl.json` invokes. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SFNClient } from "@aws-sdk/client-sfn";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { Api, ApiError } from "../../ops/tasks/api.ts";
import { signerOf } from "../../ops/tasks/signer.ts";
import { type Waiter, Waiting } from "./waiting.ts";
import { wake } from "./waker.ts";

/** What the state machine asks for. */
export type TrackerRequest = Waiter & { task: TaskKey };

/** Asking again may help: the state machine does, by this name. */
class TrackingUnavailable extends Error {
  override readonly name = "TrackingUnavailable";
}

/** The handler: remembers who waits, and then has the task tracked. */
export function handlerOf(parts: {
  waiting: Waiting;
  sfn: SFNClient;
  api: Pick<Api, "track">;
}): (request: TrackerRequest) => Promise<void> {
  const { waiting, api } = parts;
  return async ({ task, ...waiter }) => {
    // First, since the event may come at once.
    await waiting.add(task, waiter);
    try {
      const { data: record } = await api.track(task, {});
      // It ended before: its event has been, and does not come again.
      if (record.finishedAt !== null) await wake(parts, task, record);
    } catch (error) {
      if (error instanceof ApiError && error.isTransient) throw new TrackingUnavailable(error.message);
      throw error;
    }
  };
}

const api = new URL(process.env.API_URL ?? "http://127.0.0.1:3000");

export const handler = handlerOf({
  waiting: new Waiting(
    DynamoDBDocumentClient.from(new DynamoDBClient()),
    process.env.WAITING_TABLE ?? "download-waiting",
  ),
  sfn: new SFNClient(),
  // With the function's own role, which may `execute-api:Invoke` the route of the tracking.
  api: new Api(api, signerOf(api, { jwt: undefined, region: process.env.AWS_REGION })),
});
