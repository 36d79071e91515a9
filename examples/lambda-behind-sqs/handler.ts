/** A Lambda function behind an SQS queue that is subscribed to the topic, with raw message delivery. */
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { eventOf } from "../event.ts";

/** How long an event id is remembered: longer than any queue or archive can bring the event again. */
const REMEMBERED_SECONDS = 30 * 86_400;

/**
 * The handler of the function. Set `FunctionResponseTypes: [ReportBatchItemFailures]` on the event source.
 *
 * @param act what is to happen once for each event
 * @param persistenceStore where event ids are remembered
 */
export function handlerOf(
  act: (event: TerminalEvent) => Promise<void>,
  persistenceStore: DynamoDBPersistenceLayer,
): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const config = new IdempotencyConfig({ eventKeyJmesPath: "id", expiresAfterSeconds: REMEMBERED_SECONDS });
  const once = makeIdempotent(
    async (event: TerminalEvent) => {
      await act(event);
      return { done: event.id };
    },
    { persistenceStore, config },
  );
  const processor = new BatchProcessor(EventType.SQS);
  return (event, context) => {
    // What is left of the function's time decides when a call that died may be made again.
    config.registerLambdaContext(context);
    return processPartialResponse(event, async ({ body }: SQSRecord) => once(eventOf(body)), processor, {
      context,
    });
  };
}

/** Here your own work begins: fetch the file, start a job, tell somebody. */
async function fetchFile({ type, correlationid, data }: TerminalEvent): Promise<void> {
  console.log(JSON.stringify({ type, correlationid, labels: data.labels, url: data.downloadUrl }));
}

export const handler = handlerOf(
  fetchFile,
  new DynamoDBPersistenceLayer({ tableName: process.env.IDEMPOTENCY_TABLE ?? "download-events" }),
);
