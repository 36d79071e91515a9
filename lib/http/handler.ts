import middy from "@middy/core";
import type { APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { respond } from "./envelope.ts";
import { type Failure, failureOf } from "./errors.ts";
import type { ApiEvent } from "./request.ts";

/** Answers one request, or throws what {@link failureOf} turns into an answer. */
export type Respond = (event: ApiEvent, requestId: string) => Promise<APIGatewayProxyStructuredResultV2>;

/** Hears of every request that failed, with the error that it failed with. */
export type OnFailure = (error: unknown, failure: Failure, requestId: string) => void;

/** A Lambda handler for API Gateway: every error becomes an answer in the envelope. */
export function apiHandler(answer: Respond, onFailure: OnFailure) {
  return middy<ApiEvent, APIGatewayProxyStructuredResultV2, Error, Context>()
    .use(errorEnvelope(onFailure))
    .handler((event, context) => answer(event, requestIdOf(event, context)));
}

/** Answers in the envelope where the handler threw. */
function errorEnvelope(
  onFailure: OnFailure,
): middy.MiddlewareObj<ApiEvent, APIGatewayProxyStructuredResultV2> {
  return {
    onError(request) {
      const requestId = requestIdOf(request.event, request.context);
      const failure = failureOf(request.error);
      onFailure(request.error, failure, requestId);
      const { statusCode, code, msg, headers } = failure;
      request.response = respond(statusCode, { code, msg, requestId, data: null }, headers);
    },
  };
}

/** API Gateway's id of the request, which its access log has too. */
function requestIdOf(event: ApiEvent, context: Context): string {
  const id: unknown = event.requestContext?.requestId;
  return typeof id === "string" ? id : context.awsRequestId;
}
