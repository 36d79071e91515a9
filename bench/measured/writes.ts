import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { Cloud } from "../../local/cloud.ts";
import { startEnosSimulator } from "../../local/enos/simulator.ts";
import { taskEvent } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { AwsProxy, type Observed } from "../../local/harness/aws-proxy.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../local/template.ts";
import { CHANNEL, ORGANISATION } from "../harness/enos.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { CONSISTENT_READ_UNITS } from "../harness/sample-items.ts";
import { rewind, taskId } from "../harness/seed.ts";
import { PRICES } from "../price/prices.ts";

const FEW = 3;
const MANY = 100 * FEW;
const MOST_WRITES = 4;
const HOUR = 60 * 60_000;
const WRITES = new Set(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"]);

/** The requests to DynamoDB for one task from start to end, without the queries that tasks share. */
interface Life {
  writes: number;
  /** The read units for its item before its event is published. */
  consistentReads: number;
}

/** Counts the requests of the packaged functions for one task from start to end, between them and DynamoDB. */
export async function writes(): Promise<Row[]> {
  tell(`a task's life with ${FEW} and with ${MANY} checks`);
  const [few, many] = [await aLife(FEW), await aLife(MANY)];
  return [
    {
      what: `DynamoDB writes of a task's life with ${MANY} checks that learn nothing`,
      against: `the ${few.writes} with ${FEW} such checks`,
      ratios: [many.writes / few.writes],
      target: 1,
      reach: "at most",
    },
    {
      what: `DynamoDB writes of a task's life with ${MANY} checks that learn nothing`,
      against: `${MOST_WRITES} writes`,
      ratios: [many.writes / MOST_WRITES],
      target: 1,
      reach: "at most",
    },
    {
      what: "list price of the consistent read before a task's event",
      against: "its life's writes, without their part in the index",
      ratios: [(many.consistentReads * PRICES.dynamodbReadUnits) / (many.writes * PRICES.dynamodbWriteUnits)],
      target: 1 / 10,
      reach: "at most",
    },
  ];
}

/** Track a task, see it waiting and running, check it some more times, and see it end. */
async function aLife(checks: number): Promise<Life> {
  await using parts = new AsyncDisposableStack();
  const cloud = parts.use(await Cloud.start(tableFromSource()));
  const enos = await startEnosSimulator();
  parts.defer(() => enos.close());
  const proxy = parts.use(await AwsProxy.start(cloud.urls));
  const { orgId, accessKey, secretKey } = ORGANISATION;
  enos.putOrganisation({ orgId, accessKey, secretKey });
  await cloud.putSecret(orgId, { accessKey, secretKey });
  const env = { ...cloud.env(enos.url), ...proxy.env, SWEEP_SHARDS: "1" };
  const track = parts.use(await LambdaProcess.start(unpack("track"), env));
  const sweep = parts.use(await LambdaProcess.start(unpack("sweep"), env));

  const check = async (progressCode: number) => {
    enos.setAnyTask(orgId, { timelines: [[{ afterMs: 0, progressCode }]], startedAt: 0 });
    await rewind(cloud.db, 1, HOUR);
    const summary = await sweep.invoke<SweepSummary>({});
    if (summary.checked !== 1) throw new Error(`a sweep checked ${summary.checked} tasks instead of one`);
    return summary;
  };
  await track.invoke(taskEvent("put", { orgId, channelId: CHANNEL, taskId: taskId(1) }));
  await check(0);
  for (let due = 0; due <= checks; due++) await check(1);
  const { published } = await check(3);
  if (published !== 1) throw new Error(`${published} events were published instead of one`);
  return {
    writes: proxy.observed.filter(isTaskWrite).length,
    consistentReads: proxy.observed.filter(isConsistentRead).length * CONSISTENT_READ_UNITS,
  };
}

/** A consistent read of a task's item, by the sweep and when tracking starts again. */
function isConsistentRead({ call: { action, input } }: Observed): boolean {
  return action === "GetItem" && input.ConsistentRead === true;
}

/** A shard's record is written once per sweep however many tasks there are, so it does not count. */
function isTaskWrite({ call: { action, input } }: Observed): boolean {
  const item = (input.Item ?? input.Key) as { pk?: { S?: string } } | undefined;
  return WRITES.has(action) && item?.pk?.S !== "#shards";
}
