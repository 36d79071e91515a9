/** `npm run smoke`: one task of a deployed stage from asking to its event. */

import { readStack } from "../../infra/deployed-stack.ts";
import { stackName } from "../../infra/names.ts";
import { commandLine, refuse } from "../../infra/program/command-line.ts";
import { Id, type TaskKey } from "../../lib/tasks/key.ts";
import { awsIn } from "../aws.ts";
import { awsTrouble } from "../aws-trouble.ts";
import { type Finding, lineOf } from "../finding.ts";
import { stageOf } from "../stage.ts";
import { STAGE_OPTIONS, STAGE_USAGE, stageArguments } from "../surroundings.ts";
import { Api, ApiError } from "../tasks/api.ts";
import { nameOf } from "../tasks/run.ts";
import { signerOf } from "../tasks/signer.ts";
import { Listener } from "./listener.ts";
import { smoke } from "./run.ts";

const TIMEOUT_SECONDS = 300;

const USAGE = `Tries a stage with one task: npm run smoke -- --org ORG --channel CHANNEL --task TASK [options]
${STAGE_USAGE}
  --timeout SECONDS  how long the event may take (${TIMEOUT_SECONDS})
  --json             a line of JSON for each step (npm run -s keeps npm's own lines out)

It looks the task up, subscribes a temporary queue, tracks the task, waits for the event of its end, and removes the
queue and the tracking again. A task that has already ended has its event with the next sweep; one that is tracked
already is left alone. Other subscribers of the topic receive the event, too; a FIFO topic sends it once in five
minutes. Calls are authenticated with the JWT in TASKS_JWT if it is set, otherwise with your AWS credentials.
Exit status: 0 all went well, 1 something did not, 2 wrong command line.`;

const values = commandLine(USAGE, {
  ...STAGE_OPTIONS,
  org: { type: "string" },
  channel: { type: "string" },
  task: { type: "string" },
  timeout: { type: "string" },
  json: { type: "boolean" },
});
const task: TaskKey = {
  orgId: idOf("org", values.org),
  channelId: idOf("channel", values.channel),
  taskId: idOf("task", values.task),
};
if (values.timeout !== undefined && !/^\d{1,6}$/.test(values.timeout)) {
  refuse("--timeout must be a whole number of seconds");
}
const timeoutSeconds = Number(values.timeout ?? TIMEOUT_SECONDS);
const { stage, region } = stageOf();

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
const tell = (finding: Finding) => {
  console.log(values.json ? JSON.stringify(finding) : lineOf(finding));
  if (finding.ok === false) process.exitCode = 1;
};
try {
  const aws = awsIn(region);
  const { HttpApiUrl, EventsTopicArn } = await outputs();
  const url = new URL(HttpApiUrl);
  const api = new Api(url, signerOf(url, { jwt: process.env.TASKS_JWT || undefined, region }));
  const listen = () => Listener.start(aws, EventsTopicArn, task, `${stackName(stage)}-smoke`);
  const { orgId, channelId, taskId } = task;
  const commands = {
    untrack: `npm run tasks -- untrack --api ${HttpApiUrl} --org ${orgId} ${channelId}/${taskId}`,
    doctor: `npm run doctor -- ${stageArguments({ stage, region })}`,
  };
  const trial = { api, task, listen, timeoutSeconds, stop: stop.signal, commands };
  for await (const step of smoke(trial)) tell(step);

  async function outputs() {
    const stack = await readStack(aws.cloudFormation, stackName(stage));
    const { HttpApiUrl, EventsTopicArn } = stack?.outputs ?? {};
    if (HttpApiUrl && EventsTopicArn) return { HttpApiUrl, EventsTopicArn };
    throw new Error(
      `there is no complete stack ${stackName(stage)} in ${region}: --stage and --region say where the service is deployed`,
    );
  }
} catch (error) {
  const says = awsTrouble(error);
  tell({ check: "smoke", ok: false, says: error instanceof ApiError ? `${nameOf(task)}: ${says}` : says });
}

function idOf(option: string, value: string | undefined): string {
  if (value === undefined) return refuse(`--${option} is missing`);
  const { data, error } = Id.safeParse(value);
  return data ?? refuse(`--${option} ${error?.issues[0]?.message}`);
}
