import { SecretsManagerCredentials } from "../lib/aws/credentials.ts";
import { EnosClient } from "../lib/enos/client.ts";
import { authorisation } from "../lib/http/authorizer.ts";
import { apiHandler } from "../lib/http/handler.ts";
import { taskOf } from "../lib/http/request.ts";
import { type Routes, TASK_PATH } from "../lib/http/routes.ts";
import { readSettings } from "../lib/settings.ts";
import { failureReporter, openTelemetry } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "status");
const authorise = authorisation(settings);
const credentials = new SecretsManagerCredentials({
  prefix: settings.ENOS_SECRET_PREFIX,
  defaultBaseUrl: settings.ENOS_API_BASE_URL,
});
const enos = new EnosClient({ credentials });

export const routes: Routes = {
  async [`GET ${TASK_PATH}/status`](event, { signal }) {
    const task = taskOf(event);
    authorise(event, task.orgId);
    return { statusCode: 200, data: await enos.getDownloadStatus(task, { signal }) };
  },
};

/** Asks EnOS how a task is doing. */
export const handler = apiHandler(routes, failureReporter(openTelemetry(settings)));
