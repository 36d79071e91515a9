import { callbackKeys } from "../lib/aws/callback-keys.ts";
import { HintQueue } from "../lib/aws/hint-queue.ts";
import { taskIdOf } from "../lib/callbacks/hint.ts";
import { Keyring } from "../lib/callbacks/keyring.ts";
import { authorisation } from "../lib/http/authorizer.ts";
import { CallerError } from "../lib/http/errors.ts";
import { apiHandler } from "../lib/http/handler.ts";
import { channelOf } from "../lib/http/request.ts";
import { ROUTES, type Routes } from "../lib/http/routes.ts";
import { readSettings } from "../lib/settings.ts";
import { callbackReporter, failureReporter, openTelemetry } from "../lib/telemetry.ts";
import { DAY_MS } from "../lib/time/day.ts";

const settings = readSettings(process.env, "callback");
const telemetry = openTelemetry(settings);
const report = callbackReporter(telemetry);
const authorise = authorisation(settings);
const keyring = new Keyring({
  readKeys: callbackKeys({
    secretId: settings.CALLBACK_KEY_SECRET,
    previousMs: settings.TRACKING_DEADLINE_DAYS * DAY_MS,
  }),
});
const hints = new HintQueue({ url: settings.HINT_QUEUE_URL });

export const routes: Routes = {
  async [ROUTES.callbackUrl](event, { signal }) {
    const scope = channelOf(event);
    authorise(event, scope.orgId);
    const token = await keyring.tokenFor(scope, signal);
    return { statusCode: 200, data: { callbackUrl: `${settings.CALLBACK_BASE_URL}/callbacks/${token}` } };
  },

  async [ROUTES.callback](event, { signal }) {
    const scope = await keyring.scopeOf(event.pathParameters?.token ?? "", signal);
    if (!scope) {
      report("forged");
      throw new CallerError(404, "there is no such callback");
    }
    const taskId = taskIdOf(event);
    if (taskId !== undefined) await hints.send({ ...scope, taskId }, signal);
    report(taskId === undefined ? "malformed" : "taken");
    return { statusCode: 202, data: null };
  },
};

/** Gives out the URLs that EnOS may call, and puts what it says there into the queue of hints. */
export const handler = apiHandler(routes, failureReporter(telemetry));
