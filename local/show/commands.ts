import { type TaskKey, taskPath } from "../../lib/tasks/key.ts";

/** What the commands in README.md need to know about a run. */
export interface Whereabouts {
  /** The HTTP API. */
  serviceUrl: string;
  /** All of AWS. */
  awsUrl: string;
  topicArn: string;
  region: string;
  task: TaskKey;
  /** The simulator, if there is one. */
  enosUrl?: string | undefined;
}

/** Lines to paste into a shell, so that the commands in README.md use this run. */
export function shellSetup({ serviceUrl, awsUrl, topicArn, region, task, enosUrl }: Whereabouts): string {
  const lines = [
    `export API=${serviceUrl} TASKS_API=${serviceUrl} ORG=${task.orgId}`,
    `export TASK=$API${taskPath(task)}`,
    `export TOPIC=${topicArn}`,
    `export AWS_REGION=${region} AWS_DEFAULT_REGION=${region} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local`,
    `export AWS_ENDPOINT_URL=${awsUrl}`,
    // Version 1 of the AWS CLI accepts an SQS endpoint only in this way.
    `aws() { command aws --endpoint-url ${awsUrl} "$@"; }`,
  ];
  if (enosUrl) {
    const { orgId, channelId, taskId } = task;
    const timelines = [[{ afterMs: 0, progressCode: 3 }]];
    const body = JSON.stringify({ orgId, channelId, taskIds: [taskId], timelines });
    lines.push(`end_task() { curl -s -X PUT '${enosUrl}/_admin/tasks' -d '${body}'; }`);
  }
  return lines.join("\n");
}

/** Some of the commands in README.md, each below what it is for: not all shells know comments at the end of a line. */
export function firstCommands(hasSimulator: boolean): string {
  const commands = [
    ["ask how the task is doing", 'curl -s "$TASK/status?orgId=$ORG"'],
    ["have it tracked, and see its record", 'curl -s -X PUT "$TASK/tracking?orgId=$ORG"'],
    ["see all that is tracked", 'curl -s "$API/tracked-tasks?orgId=$ORG"'],
    ["see whether all is well", "npm run doctor"],
    ...(hasSimulator ? [["have EnOS finish the task", "end_task"]] : []),
  ];
  return commands.map(([purpose, command]) => `${purpose}:\n  ${command}`).join("\n");
}
