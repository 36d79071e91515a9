import type { SQSEvent } from "aws-lambda";
import type { ApiEvent } from "../../lib/http/request.ts";
import { ORGANISATION_PATH, ROUTES } from "../../lib/http/routes.ts";

/** The key of a route with the organisation in the path. */
export function withOrganisation(routeKey: string): string {
  return routeKey.replace(" ", ` ${ORGANISATION_PATH}`);
}

/** The path of a route with its parameters; values are strings, except in tests of invalid ones. */
export function pathOf(routeKey: string, pathParameters: Record<string, unknown>): string {
  return routeKey
    .replace(/^\S+ /, "")
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => String(pathParameters[name]));
}

/** API Gateway's event for a request about a task. */
export function taskEvent(
  route: "status" | "put" | "get" | "delete",
  { orgId, channelId, taskId }: { orgId: string; channelId: string; taskId: string },
): ApiEvent {
  return apiEvent(route, `orgId=${encodeURIComponent(orgId)}`, { channelId, taskId });
}

/** API Gateway's event for a request to any of the routes. */
export function apiEvent(
  route: keyof typeof ROUTES,
  rawQueryString: string,
  pathParameters: Record<string, string> = {},
): ApiEvent {
  return {
    routeKey: ROUTES[route],
    rawPath: pathOf(ROUTES[route], pathParameters),
    rawQueryString,
    pathParameters,
    requestContext: { requestId: "test-request" },
  };
}

/** API Gateway's event for EnOS's callback. */
export function callbackEvent(token: string, body: unknown): ApiEvent {
  return withBody(apiEvent("callback", "", { token }), body);
}

/** Lambda's event for messages in the queue of hints. */
export function hintEvent(...bodies: string[]): SQSEvent {
  return {
    Records: bodies.map((body, index) => ({
      messageId: `message-${index}`,
      receiptHandle: `handle-${index}`,
      body,
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: String(Date.now()),
        SenderId: "sender",
        ApproximateFirstReceiveTimestamp: String(Date.now()),
      },
      messageAttributes: {},
      md5OfBody: "",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:eu-central-1:000000000000:hints",
      awsRegion: "eu-central-1",
    })),
  };
}

/** An event with a body, as API Gateway passes on text. */
export function withBody(event: ApiEvent, body: unknown): ApiEvent {
  return { ...event, body: typeof body === "string" ? body : JSON.stringify(body), isBase64Encoded: false };
}
