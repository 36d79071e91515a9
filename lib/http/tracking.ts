import * as z from "zod/mini";
import type { TrackingOptions } from "../store/task-store.ts";
import { CorrelationId, Labels, Traceparent } from "../tasks/carried.ts";
import { jsonBody } from "./body.ts";
import { CallerError } from "./errors.ts";
import { type ApiEvent, header } from "./request.ts";
import { valid } from "./validate.ts";

/** The longest that `TRACKING_DEADLINE_DAYS` may be, in seconds. */
const MAX_DEADLINE_SECONDS = 365 * 86_400;

/** The most bytes of a PUT's body: room for the longest labels, each character escaped. */
export const TRACKING_BODY_BYTES = 16 * 1024;

/** What a caller may set when tracking starts. */
export const TrackingFields = {
  correlationId: z.optional(CorrelationId),
  labels: z.optional(Labels),
  traceparent: z.optional(Traceparent),
  deadlineSeconds: z.optional(
    z
      .int("must be a whole number")
      .check(
        z.minimum(1, "must be at least 1"),
        z.maximum(MAX_DEADLINE_SECONDS, `must be at most ${MAX_DEADLINE_SECONDS}`),
      ),
  ),
};

/** The body of a PUT. */
export const TrackingBody = z.strictObject(TrackingFields, "must be a JSON object");

/**
 * The options in a PUT's body.
 *
 * @param serviceDeadlineSeconds how long the service tracks a task at most
 * @throws {CallerError} 400 that names what is wrong
 */
export function trackingOptionsOf(event: ApiEvent, serviceDeadlineSeconds: number): TrackingOptions {
  const body = jsonBody(event, TRACKING_BODY_BYTES);
  const given = body === undefined ? {} : valid(TrackingBody, body);
  return completed(given, event, serviceDeadlineSeconds);
}

/**
 * The options, with the request's own traceparent if they have none.
 *
 * @throws {CallerError} 400 for a deadline beyond the service's
 */
export function completed(
  given: z.output<typeof TrackingBody>,
  event: ApiEvent,
  serviceDeadlineSeconds: number,
): TrackingOptions {
  const { correlationId, labels, deadlineSeconds, traceparent = traceparentOf(event) } = given;
  if (deadlineSeconds !== undefined && deadlineSeconds > serviceDeadlineSeconds) {
    throw new CallerError(
      400,
      `deadlineSeconds must be at most ${serviceDeadlineSeconds}, the service's own deadline`,
    );
  }
  return {
    ...(correlationId !== undefined && { correlationId }),
    ...(labels !== undefined && { labels }),
    ...(traceparent !== undefined && { traceparent }),
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
  };
}

/** The header; undefined if it is not valid, since W3C Trace Context wants invalid ones ignored. */
function traceparentOf(event: ApiEvent): string | undefined {
  return Traceparent.safeParse(header(event, "traceparent")).data;
}
