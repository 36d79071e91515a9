import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, type Refusal, refuse, refuseIn } from "./answer.ts";
import type { EnosControl } from "./control.ts";
import { create } from "./creation.ts";
import { deliver, deliverFaulty } from "./deliver.ts";
import { cancel, checkOwnership, status } from "./downloads.ts";
import type { AnswerFault } from "./faults.ts";
import type { Organisation } from "./organisations.ts";
import type { Route } from "./routes.ts";
import { type AnswerShape, shapeFor } from "./shape.ts";
import { taskKey } from "./tasks.ts";
import type { TokenRequest } from "./token-service.ts";
import { verifySigned } from "./verify.ts";

/** A request for an EnOS endpoint that has been read and verified, but not carried out yet. */
interface CheckedRequest {
  readonly route: Route;
  readonly query: string;
  readonly body: Buffer;
  readonly now: number;
  readonly organisation: Organisation | undefined;
  readonly refusal: Refusal | undefined;
  readonly tokenRequest: TokenRequest | undefined;
}

/** Faults in front of the service: the request does not reach it and changes nothing. */
const IN_FRONT = new Set<AnswerFault["kind"]>([
  "hang",
  "gateway-refusal",
  "rate-limit",
  "server-error",
  "garbage",
  "empty-body",
  "token-expired",
  "refused",
  "error",
]);

/**
 * Serves one request for an EnOS endpoint. The signature is verified and logged whatever fault applies, so that
 * a test can see whether a retry was signed again.
 */
export function serveEnos(
  control: EnosControl,
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  query: string,
  body: Buffer,
): void {
  const { faults, records } = control.state;
  const checked = check(control, request, route, query, body);
  const orgId = checked.organisation?.orgId;
  records.countRequest(route.endpoint, orgId);
  const shape = shapeOf(control, checked);
  const { latencyMs, fault } = faults.meet({
    endpoint: route.endpoint,
    orgId,
    channelId: route.channelId || undefined,
    taskId: route.taskId || undefined,
  });
  if (records.isLogging)
    log(control, request, checked, fault?.kind ?? (latencyMs > 0 ? "latency" : undefined));
  if (latencyMs > 0) records.countFault("latency");
  if (fault !== undefined) records.countFault(fault.kind);

  const answer = () => {
    const result = act(control, checked, shape, fault);
    if (result.code !== 0) records.countRefusal(result.code);
    if (fault === undefined) deliver(response, result);
    else deliverFaulty(response, result, fault, checked.now);
  };
  if (latencyMs > 0) setTimeout(answer, latencyMs).unref();
  else answer();
}

function check(
  control: EnosControl,
  request: IncomingMessage,
  route: Route,
  query: string,
  body: Buffer,
): CheckedRequest {
  const { organisations, tokens } = control.state;
  const now = control.state.now();
  if (route.endpoint === "token") {
    const tokenRequest = tokens.read(body, route.isRefresh, now);
    const { organisation, refusal } = tokenRequest;
    return { route, query, body, now, organisation, refusal, tokenRequest };
  }
  const { organisation, refusal } = verifySigned(organisations, request.headers, query, body, now);
  if (route.endpoint === "status") {
    organisation?.tasks.countRequest(taskKey(route.channelId, route.taskId));
  }
  return { route, query, body, now, organisation, refusal, tokenRequest: undefined };
}

/** Carries out the request, unless it is refused or a fault keeps it from the service. */
function act(
  control: EnosControl,
  checked: CheckedRequest,
  shape: AnswerShape,
  fault: AnswerFault | undefined,
): Answer {
  const { organisations, tokens, callbacks } = control.state;
  const { route, organisation, tokenRequest, now } = checked;
  if (fault !== undefined && IN_FRONT.has(fault.kind)) return answerInFront(control, checked, shape, fault);
  if (checked.refusal !== undefined || organisation === undefined) {
    return refuse(checked.refusal ?? { code: 1005, msg: "internal exception", by: "gateway" }, shape);
  }
  if (tokenRequest !== undefined) {
    return route.isRefresh
      ? tokens.refresh(tokenRequest, organisation, shape, now)
      : tokens.get(tokenRequest, organisation, shape, now);
  }
  const { channelId, taskId } = route;
  const foreign = checkOwnership(organisations, organisation, checked.query, channelId);
  if (foreign !== undefined) return refuse(foreign, shape);
  const call = { organisation, channelId, taskId, now };
  if (route.endpoint === "status") return status(call, shape, fault);
  if (route.endpoint === "cancel") return cancel(call, shape);
  return create(organisation, channelId, checked.body, shape, callbacks, now);
}

function answerInFront(
  control: EnosControl,
  { organisation, route }: CheckedRequest,
  shape: AnswerShape,
  fault: AnswerFault,
): Answer {
  const by = route.endpoint === "token" ? "token service" : "gateway";
  switch (fault.kind) {
    case "token-expired":
      if (organisation !== undefined) control.state.organisations.endToken(organisation);
      return refuse({ code: fault.code ?? 4011, msg: "access token is invalid or expired", by }, shape);
    case "refused":
      return refuse({ code: fault.code ?? 1003, msg: "credentials are not valid", by }, shape);
    case "error": {
      const refusal: Refusal = { code: fault.code, msg: fault.msg ?? "error", by: "service" };
      return fault.field === undefined && fault.httpStatus === undefined
        ? refuse(refusal, shape)
        : refuseIn(fault.field ?? "code", refusal, fault.httpStatus ?? 200, shape);
    }
    default:
      // These send nothing of the answer.
      return { httpStatus: 200, body: "", code: 0 };
  }
}

/** The shape varies by task (by access key for token requests), unless an admin has fixed it. */
function shapeOf(control: EnosControl, { route, tokenRequest }: CheckedRequest): AnswerShape {
  const varied = shapeFor(tokenRequest?.accessKey ?? (route.taskId || route.channelId));
  const fixed = control.state.shape;
  return fixed === undefined ? varied : { ...varied, ...fixed };
}

function log(
  control: EnosControl,
  request: IncomingMessage,
  checked: CheckedRequest,
  fault: string | undefined,
): void {
  const { route, tokenRequest } = checked;
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === "string" ? value : undefined;
  };
  const timestamp = tokenRequest?.timestamp ?? header("apim-timestamp");
  control.state.records.log(
    {
      at: checked.now,
      endpoint: route.endpoint,
      method: request.method ?? "",
      path: (request.url ?? "").split("?", 1)[0] ?? "",
      orgId: checked.organisation?.orgId,
      channelId: route.channelId || undefined,
      taskId: route.taskId || undefined,
      timestamp,
      code: checked.refusal?.code ?? 0,
      fault,
    },
    `${timestamp} ${tokenRequest?.encryption ?? header("apim-signature")}`,
  );
}
