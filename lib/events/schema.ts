import * as z from "zod/mini";
import { CorrelationId, Labels, Traceparent } from "../tasks/carried.ts";
import { Id } from "../tasks/key.ts";
import { ABANDON_REASONS, TERMINAL_STATES } from "../tasks/state.ts";
import { DATA_SCHEMA } from "./event.ts";

// The functions use only the types: events are built by hand, and the tests validate them against these schemas.

const Time = z.iso.datetime();

/** An event's `data`. */
export const TerminalEventData = z.object({
  orgId: Id,
  channelId: Id,
  taskId: Id,
  state: z.enum(TERMINAL_STATES),
  progressCode: z.nullable(z.int()),
  progressDesc: z.nullable(z.string().check(z.maxLength(512))),
  downloadUrl: z.nullable(z.string().check(z.maxLength(8192))),
  dataSize: z.nullable(z.int()),
  labels: Labels,
  trackedAt: Time,
  notEndedBefore: z.nullable(Time),
  observedAt: Time,
  reason: z.nullable(z.enum(ABANDON_REASONS)),
});

/** That a task has ended, as a CloudEvent 1.0 in structured JSON. */
export const TerminalEvent = z.object({
  specversion: z.literal("1.0"),
  id: z.string().check(z.minLength(64), z.maxLength(64), z.regex(/^[0-9a-f]{64}$/)),
  source: z
    .string()
    .check(
      z.minLength(25),
      z.maxLength(279),
      z.regex(/^\/enos\/data-federation\/[A-Za-z0-9_-]{1,128}\/[A-Za-z0-9_-]{1,128}$/),
    ),
  type: z.enum(TERMINAL_STATES.map((state) => `enos.download.${state}` as const)),
  subject: Id,
  time: Time,
  datacontenttype: z.literal("application/json"),
  dataschema: z.literal(DATA_SCHEMA),
  correlationid: z.optional(CorrelationId),
  traceparent: z.optional(Traceparent),
  data: TerminalEventData,
});
