import type { TaskKey } from "../../lib/tasks/key.ts";
import { taskPath } from "../service/client.ts";

/** The commands that ask about a task, track it and list what is tracked, to be pasted into a shell. */
export function askCommands(serviceUrl: string, task: TaskKey): string {
  const url = (what: string) => `'${serviceUrl}${taskPath(task)}/${what}?orgId=${task.orgId}'`;
  return [
    "# ask how a task is doing",
    `curl -s ${url("status")}`,
    "# have it tracked, and see its record",
    `curl -s -X PUT ${url("tracking")}`,
    `curl -s ${url("tracking")}`,
    "# all that is tracked",
    `curl -s '${serviceUrl}/tracked-tasks?orgId=${task.orgId}'`,
  ].join("\n");
}

/** The command that has a task of the simulator end well now. */
export function endCommand(enosUrl: string, { orgId, channelId, taskId }: TaskKey): string {
  const timelines = [[{ afterMs: 0, progressCode: 3 }]];
  const body = JSON.stringify({ orgId, channelId, taskIds: [taskId], timelines });
  return `# have the task that keeps running end well\ncurl -s -X PUT '${enosUrl}/_admin/tasks' -d '${body}'`;
}
