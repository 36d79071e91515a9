import { authorisation } from "../lib/http/authorizer.ts";
import { noContent, success } from "../lib/http/envelope.ts";
import { CallerError } from "../lib/http/errors.ts";
import { apiHandler } from "../lib/http/handler.ts";
import { listRequestOf, pageCursor } from "../lib/http/list.ts";
import { type ApiEvent, taskOf } from "../lib/http/request.ts";
import { readSettings } from "../lib/settings.ts";
import { openDatabase } from "../lib/store/table.ts";
import { TaskStore } from "../lib/store/task-store.ts";
import { failureReporter, openTelemetry, unreadableReporter } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "track");
const authorise = authorisation(settings);
const telemetry = openTelemetry(settings);
const tracker = new TaskStore(
  openDatabase(settings.TRACKED_TASKS_TABLE),
  settings.SWEEP_SHARDS,
  Date.now,
  unreadableReporter(telemetry),
);

/** `PUT`, `GET` and `DELETE …/download/{taskId}/tracking`, and `GET /tracked-tasks`. */
export const handler = apiHandler(async (event, requestId) => {
  switch (methodOf(event)) {
    case "PUT": {
      const { record, created } = await tracker.put(authorisedTask(event));
      return success(created ? 201 : 200, record, requestId);
    }
    case "DELETE": {
      await tracker.delete(authorisedTask(event));
      return noContent();
    }
    case "GET":
      if (event.routeKey === "GET /tracked-tasks") {
        const request = listRequestOf(event);
        authorise(event, request.orgId);
        const { tasks, after } = await tracker.list(request);
        return success(200, { tasks, cursor: after && pageCursor(after) }, requestId);
      } else {
        const record = await tracker.get(authorisedTask(event));
        if (!record) throw new CallerError(404, "the task is not tracked");
        return success(200, record, requestId);
      }
    default:
      throw new CallerError(404, "there is no such route");
  }
}, failureReporter(telemetry));

/** The method of the route; undefined when the event names none, as an invocation by hand may not. */
function methodOf({ routeKey }: ApiEvent): string | undefined {
  return typeof routeKey === "string" ? routeKey.split(" ")[0] : undefined;
}

function authorisedTask(event: ApiEvent) {
  const task = taskOf(event);
  authorise(event, task.orgId);
  return task;
}
