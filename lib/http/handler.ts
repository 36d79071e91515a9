import middy from "@middy/core";
import type { APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { failure, REQUEST_ID_LENGTH, success } from "./envelope.ts";
import { type Failure, failureOf, OutOfTimeError } from "./errors.ts";
import type { ApiEvent } from "./request.ts";
import { type Routes, routeOf } from "./routes.ts";

/** Reserved at the end of a function's time for an answer in the envelope, in milliseconds. */
const ANSWER_MS = 500;

/** Called for every request that failed, with its error. */
export type OnFailure = (error: unknown, told: Failure, requestId: string) => void;

/**
 * A Lambda handler for API Gateway: routes' answers and all errors are returned in the envelope, before Lambda ends the
 * function.
 */
export function apiHandler(routes: Routes, onFailure: OnFailure) {
  return middy<ApiEvent, APIGatewayProxyStructuredResultV2, Error, Context>({
    timeoutEarlyInMillis: ANSWER_MS,
    timeoutEarlyResponse() {
      throw new OutOfTimeError();
    },
  })
    .use(errorEnvelope(onFailure))
    .handler(async (event, context, { signal }) => {
      const time = {
        get remainingMs() {
          return context.getRemainingTimeInMillis() - ANSWER_MS;
        },
        signal,
      };
      const answer = await routeOf(routes, event)(event, time);
      return success(answer, requestIdOf(event, context));
    });
}

/** Answers in the envelope where the handler threw. */
function errorEnvelope(
  onFailure: OnFailure,
): middy.MiddlewareObj<ApiEvent, APIGatewayProxyStructuredResultV2> {
  return {
    onError(request) {
      const requestId = requestIdOf(request.event, request.context);
      const told = failureOf(request.error);
      onFailure(request.error, told, requestId);
      request.response = failure(told, requestId);
    },
  };
}

/** API Gateway's request id, which is also in its access log, or Lambda's if the event has none. */
function requestIdOf(event: ApiEvent | null, context: Context): string {
  const id: unknown = event?.requestContext?.requestId;
  return typeof id === "string" && id.length <= REQUEST_ID_LENGTH ? id : context.awsRequestId;
}
