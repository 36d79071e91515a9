import { OrganisationDirectory } from "../lib/aws/organisations.ts";
import { isTransient } from "../lib/aws/transient.ts";
import { authorisation } from "../lib/http/authorizer.ts";
import { trackMany } from "../lib/http/bulk.ts";
import { CallerError, failureOf } from "../lib/http/errors.ts";
import { apiHandler } from "../lib/http/handler.ts";
import { listRequestOf, pageCursor } from "../lib/http/list.ts";
import { type ApiEvent, orgOf, parameters, taskOf } from "../lib/http/request.ts";
import { checkIntervalSeconds, retryAfter } from "../lib/http/retry-after.ts";
import { ROUTES, type Routes } from "../lib/http/routes.ts";
import { trackingOptionsOf } from "../lib/http/tracking.ts";
import { readSettings, scheduleOf } from "../lib/settings.ts";
import { openDatabase } from "../lib/store/table.ts";
import { TaskStore } from "../lib/store/task-store.ts";
import type { TrackedTask } from "../lib/tasks/record.ts";
import { failureReporter, openTelemetry, unclearReporter, unreadableReporter } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "track");
const authorise = authorisation(settings);
const telemetry = openTelemetry(settings);
const taskStore = new TaskStore({
  db: openDatabase(settings.TRACKED_TASKS_TABLE),
  shardCount: settings.SWEEP_SHARDS,
  retentionDays: settings.RETENTION_DAYS,
  onUnreadable: unreadableReporter(telemetry),
});
const organisations = new OrganisationDirectory({
  prefix: settings.ENOS_SECRET_PREFIX,
  onUnclear: unclearReporter(telemetry),
});

const report = failureReporter(telemetry);
const schedule = scheduleOf(settings);

const SERVICE_DEADLINE_SECONDS = settings.TRACKING_DEADLINE_DAYS * 86_400;
/** Reserved at the end of a request with many tasks for answering with their outcomes, in milliseconds. */
const RESERVE_MS = 500;

export const routes: Routes = {
  async [ROUTES.put](event, { signal }) {
    const task = authorisedTask(event);
    const options = trackingOptionsOf(event, SERVICE_DEADLINE_SECONDS);
    await Promise.all([organisations.check(task.orgId), taskStore.announce(task)]);
    const { record, created } = await taskStore.put(task, options, signal);
    return {
      statusCode: created ? 201 : 200,
      data: record,
      headers: retryAfterOf(record),
    };
  },

  async [ROUTES.get](event, { signal }) {
    const record = await taskStore.get(authorisedTask(event), signal);
    if (!record) throw new CallerError(404, "the task is not tracked");
    return { statusCode: 200, data: record, headers: retryAfterOf(record) };
  },

  async [ROUTES.delete](event, { signal }) {
    await taskStore.delete(authorisedTask(event), signal);
    return { statusCode: 204 };
  },

  async [ROUTES.list](event, { signal }) {
    const request = listRequestOf(event);
    authorise(event, request.orgId);
    const page = await taskStore.list(request, signal);
    return { statusCode: 200, data: { tasks: page.tasks, cursor: page.after && pageCursor(page.after) } };
  },

  async [ROUTES.bulk](event, time) {
    const endsAt = performance.now() + time.remainingMs - RESERVE_MS;
    parameters(event, ["orgId"]);
    const orgId = orgOf(event);
    authorise(event, orgId);
    await organisations.check(orgId);
    return trackMany(event, orgId, {
      put: (task, options, signal) => taskStore.put(task, options, signal),
      isTransient,
      onError: (error) => report(error, failureOf(error), event.requestContext.requestId),
      serviceDeadlineSeconds: SERVICE_DEADLINE_SECONDS,
      limitMs: endsAt - performance.now(),
    });
  },
};

/** Starts and ends the tracking of tasks, and shows what is tracked. */
export const handler = apiHandler(routes, report);

function retryAfterOf(record: TrackedTask) {
  return retryAfter(record, checkIntervalSeconds(record, schedule, Date.now()));
}

function authorisedTask(event: ApiEvent) {
  parameters(event, ["orgId"]);
  const task = taskOf(event);
  authorise(event, task.orgId);
  return task;
}
