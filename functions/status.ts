import { SecretsManagerCredentials } from "../lib/aws/credentials.ts";
import { EnosClient } from "../lib/enos/client.ts";
import { authorisation } from "../lib/http/authorizer.ts";
import { success } from "../lib/http/envelope.ts";
import { apiHandler } from "../lib/http/handler.ts";
import { taskOf } from "../lib/http/request.ts";
import { readSettings } from "../lib/settings.ts";
import { failureReporter, openTelemetry } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "status");
const authorise = authorisation(settings);
const credentials = new SecretsManagerCredentials({
  prefix: settings.ENOS_SECRET_PREFIX,
  defaultBaseUrl: settings.ENOS_API_BASE_URL,
});
const enos = new EnosClient({ credentials });

/** `GET …/download/{taskId}/status`: asks EnOS how a task is doing. */
export const handler = apiHandler(
  async (event, requestId) => {
    const task = taskOf(event);
    authorise(event, task.orgId);
    return success(200, await enos.getDownloadStatus(task), requestId);
  },
  failureReporter(openTelemetry(settings)),
);
