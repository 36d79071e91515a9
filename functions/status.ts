import { connectEnos } from "../lib/aws/enos.ts";
import { WAIT_INTERVAL_MS, waitForEnd } from "../lib/enos/wait.ts";
import { authorisation } from "../lib/http/authorizer.ts";
import { apiHandler } from "../lib/http/handler.ts";
import { preferredWait } from "../lib/http/prefer.ts";
import { header, taskOf } from "../lib/http/request.ts";
import { retryAfter } from "../lib/http/retry-after.ts";
import { ROUTES, type Routes } from "../lib/http/routes.ts";
import { isDeployed, readSettings } from "../lib/settings.ts";
import { failureReporter, lookupTimer, openTelemetry } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "status");
const telemetry = openTelemetry(settings);
const timed = lookupTimer(telemetry);
const authorise = authorisation(settings);
const { enos } = connectEnos(settings, { isDeployed: isDeployed(process.env) });

/** Reserved at the end of a request that waits for answering with the last state, in milliseconds. */
const RESERVE_MS = 500;

export const routes: Routes = {
  async [ROUTES.status](event, time) {
    const task = taskOf(event);
    authorise(event, task.orgId);
    const seconds = preferredWait(header(event, "prefer"), settings.MAX_WAIT_SECONDS);
    if (seconds === 0) {
      const status = await timed(() => enos.getDownloadStatus(task, { signal: time.signal }));
      return { statusCode: 200, data: status, headers: retryAfter(status, settings.SWEEP_INTERVAL_SECONDS) };
    }
    const status = await waitForEnd(
      (signal) => enos.getDownloadStatus(task, { signal, singleAttempt: true }),
      { waitMs: seconds * 1000, limitMs: time.remainingMs - RESERVE_MS },
    );
    const headers = {
      "preference-applied": `wait=${seconds}`,
      ...retryAfter(status, WAIT_INTERVAL_MS / 1000),
    };
    return { statusCode: 200, data: status, headers };
  },
};

/** Asks EnOS how a task is doing. */
export const handler = apiHandler(routes, failureReporter(telemetry));
