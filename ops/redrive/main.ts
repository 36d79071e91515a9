/** `npm run redrive`: repeats the sweeps that failed. */
import { LambdaClient } from "@aws-sdk/client-lambda";
import { QueueDoesNotExist } from "@aws-sdk/client-sqs";
import { commandLine } from "../../infra/program/command-line.ts";
import { awsIn } from "../aws.ts";
import { awsTrouble } from "../aws-trouble.ts";
import { stageOf } from "../stage.ts";
import { STAGE_OPTIONS, STAGE_USAGE } from "../surroundings.ts";
import { redrive, sweepNames } from "./redrive.ts";

const USAGE = `Repeats the sweeps that failed and wait in the dead-letter queue: npm run redrive -- [options]
${STAGE_USAGE}`;

/** The timeout of a sweep and a margin. */
const SWEEP_MS = 120_000;

commandLine(USAGE, STAGE_OPTIONS);
const { stage, region } = stageOf();
const names = sweepNames(stage);
const clients = {
  sqs: awsIn(region).sqs,
  // A slow answer must not cause a second invocation.
  lambda: new LambdaClient({ region, maxAttempts: 1, requestHandler: { requestTimeout: SWEEP_MS } }),
};
try {
  const done = await redrive(clients, names, ({ messageId, summary, problem }) =>
    console.log(
      problem === undefined ? `${messageId}: done ${summary}` : `${messageId}: left in the queue, ${problem}`,
    ),
  );
  const left = done.filter(({ problem }) => problem !== undefined).length;
  console.log(`${done.length - left} redriven, ${left} left in the queue`);
  if (left > 0) process.exitCode = 1;
} catch (error) {
  console.error(
    error instanceof QueueDoesNotExist
      ? `there is no queue ${names.queueName} in ${region}: --stage and --region say where the service is deployed`
      : awsTrouble(error),
  );
  process.exitCode = 1;
}
