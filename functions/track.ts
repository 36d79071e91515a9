import { authorisation } from "../lib/http/authorizer.ts";
import { CallerError } from "../lib/http/errors.ts";
import { apiHandler } from "../lib/http/handler.ts";
import { listRequestOf, pageCursor } from "../lib/http/list.ts";
import { type ApiEvent, taskOf } from "../lib/http/request.ts";
import { type Routes, TASK_PATH } from "../lib/http/routes.ts";
import { readSettings } from "../lib/settings.ts";
import { openDatabase } from "../lib/store/table.ts";
import { TaskStore } from "../lib/store/task-store.ts";
import { failureReporter, openTelemetry, unreadableReporter } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "track");
const authorise = authorisation(settings);
const telemetry = openTelemetry(settings);
const tasks = new TaskStore(
  openDatabase(settings.TRACKED_TASKS_TABLE),
  settings.SWEEP_SHARDS,
  Date.now,
  unreadableReporter(telemetry),
);

export const routes: Routes = {
  async [`PUT ${TASK_PATH}/tracking`](event, { signal }) {
    const { record, created } = await tasks.put(authorisedTask(event), {}, signal);
    return { statusCode: created ? 201 : 200, data: record };
  },

  async [`GET ${TASK_PATH}/tracking`](event, { signal }) {
    const record = await tasks.get(authorisedTask(event), signal);
    if (!record) throw new CallerError(404, "the task is not tracked");
    return { statusCode: 200, data: record };
  },

  async [`DELETE ${TASK_PATH}/tracking`](event, { signal }) {
    await tasks.delete(authorisedTask(event), signal);
    return { statusCode: 204 };
  },

  async "GET /tracked-tasks"(event, { signal }) {
    const request = listRequestOf(event);
    authorise(event, request.orgId);
    const page = await tasks.list(request, signal);
    return { statusCode: 200, data: { tasks: page.tasks, cursor: page.after && pageCursor(page.after) } };
  },
};

/** Starts and ends the tracking of tasks, and shows what is tracked. */
export const handler = apiHandler(routes, failureReporter(telemetry));

function authorisedTask(event: ApiEvent) {
  const task = taskOf(event);
  authorise(event, task.orgId);
  return task;
}
