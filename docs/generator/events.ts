import { DATA_SCHEMA } from "../../lib/events/event.ts";
import { TerminalEvent, TerminalEventData } from "../../lib/events/schema.ts";
import { TERMINAL_STATES } from "../../lib/tasks/state.ts";
import { documented, type JsonSchema } from "./json-schema.ts";

/** The version of the event's schemas, which increases with every incompatible change. */
export const VERSION = 1;
const DRAFT = "https://json-schema.org/draft/2020-12/schema";
const EVENT_SCHEMA = "urn:enos-download-status:event:1";

const DATA = {
  orgId: "o15504722874071",
  channelId: "ch-dee0c5",
  taskId: "5d4fc72767204df9b290453d2b18d254",
  state: "succeeded" as const,
  progressCode: 3,
  progressDesc: "success",
  downloadUrl: "http://files.enos.example/5d4fc72767204df9b290453d2b18d254.zip",
  dataSize: 829021234,
  labels: { site: "Lemmer" },
  trackedAt: "2026-11-24T18:56:27.195Z",
  notEndedBefore: "2026-11-24T18:56:37.195Z",
  observedAt: "2026-11-24T18:56:38.041Z",
  reason: null,
};

/** A sample of the event. */
export const EVENT = {
  specversion: "1.0" as const,
  id: "1a14f18a250f9ab987fa5c4fdf7752b5554e077a077c42aef6143b3d43510921",
  source: "/enos/data-federation/o15504722874071/ch-dee0c5",
  type: "enos.download.succeeded" as const,
  subject: "5d4fc72767204df9b290453d2b18d254",
  time: "2026-11-24T18:56:38.041Z",
  datacontenttype: "application/json" as const,
  dataschema: DATA_SCHEMA,
  correlationid: "order-4711",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  data: DATA,
} as const;

function data(): JsonSchema {
  return documented(TerminalEventData, {
    description: "How the task ended. What EnOS did not give is null.",
    properties: {
      orgId: "The organisation, as EnOS names it.",
      channelId: "The channel.",
      taskId: "The download task.",
      state: "How the task ended: `abandoned` if tracking gave up.",
      progressCode: "EnOS's code for the state; null if tracking gave up.",
      progressDesc: "EnOS's description of the state, cut after 512 characters. Do not base decisions on it.",
      downloadUrl: "The file's URL, as EnOS gave it.",
      dataSize: "The file's size in bytes; null if EnOS does not say.",
      labels: "The caller's labels; empty if there are none.",
      trackedAt: "Since when the task was tracked.",
      notEndedBefore:
        "When the task was last known not to have ended: it ended between then and `observedAt`. Null if it was never found open.",
      observedAt: "When the end was observed, which is never before the end.",
      reason: "Why tracking gave up; null if it did not.",
    },
  });
}

/** The schema of an event's `data`, to which `dataschema` refers. */
export function dataSchema(): JsonSchema {
  return {
    $schema: DRAFT,
    $id: DATA_SCHEMA,
    title: "The end of a download task",
    ...data(),
    examples: [DATA],
  };
}

function event(): JsonSchema {
  const schema = documented(TerminalEvent, {
    description: "A download task has ended: a CloudEvent 1.0 in structured JSON.",
    properties: {
      specversion: "The version of CloudEvents.",
      id: "The same for every message about the same end.",
      source: "The channel.",
      type: "`enos.download.` and how the task ended.",
      subject: "The download task.",
      time: "When its end was observed.",
      datacontenttype: "The content type of `data`.",
      dataschema: "The schema of `data`, with its version.",
      correlationid: "The caller's `correlationId`; absent if there is none.",
      traceparent: "The caller's position in a distributed trace; absent if there is none.",
      data: "How the task ended.",
    },
  });
  return { ...schema, properties: { ...(schema.properties as object), data: data() } };
}

/** The schema of the event as a whole. */
export function eventSchema(): JsonSchema {
  return { $schema: DRAFT, $id: EVENT_SCHEMA, title: "Download task ended", ...event(), examples: [EVENT] };
}

const text = (description: string, schema: JsonSchema = {}) => ({ type: "string", description, ...schema });

/** The topic as an AsyncAPI 3 document. */
export function asyncApi(version: string): JsonSchema {
  const attributes = {
    type: text("The event's type.", { enum: TERMINAL_STATES.map((state) => `enos.download.${state}`) }),
    state: text("How the task ended.", { enum: TERMINAL_STATES }),
    orgId: text("The organisation."),
    channelId: text("The channel."),
    correlationId: text("The caller's `correlationId`; absent if there is none."),
  };
  return {
    asyncapi: "3.1.0",
    info: {
      title: "enos-download-status",
      version,
      description:
        "One message for each EnOS download task that ends. A message can arrive twice, with the same event id. docs/events.md describes the guarantees, the sizes and how to handle messages.",
      license: { name: "MIT", url: "https://opensource.org/license/mit" },
    },
    defaultContentType: "application/cloudevents+json",
    servers: {
      sns: {
        host: "sns.{region}.amazonaws.com",
        protocol: "sns",
        description: "Amazon SNS in the stack's region.",
        variables: { region: { default: "eu-central-1", description: "The stack's region." } },
      },
    },
    channels: {
      events: {
        address: "events",
        title: "Terminal events",
        description: "The topic whose ARN is the stack's output `EventsTopicArn`.",
        servers: [{ $ref: "#/servers/sns" }],
        messages: { ended: { $ref: "#/components/messages/ended" } },
        bindings: {
          sns: {
            // A FIFO topic if the stack was deployed with EVENTS_TOPIC_FIFO.
            name: "enos-download-status-events",
            bindingVersion: "0.1.0",
          },
        },
      },
    },
    operations: {
      hear: {
        action: "receive",
        title: "Receive the ends of tasks",
        channel: { $ref: "#/channels/events" },
        messages: [{ $ref: "#/channels/events/messages/ended" }],
        bindings: {
          sns: {
            topic: { name: "enos-download-status-events" },
            consumers: [
              {
                protocol: "sqs",
                endpoint: { name: "your-queue" },
                rawMessageDelivery: true,
                filterPolicy: { state: ["succeeded", "failed"], orgId: ["o15504722874071"] },
                filterPolicyScope: "MessageAttributes",
              },
            ],
            bindingVersion: "0.1.0",
          },
        },
      },
    },
    components: {
      messages: {
        ended: {
          name: "ended",
          title: "A download task has ended",
          contentType: "application/cloudevents+json",
          headers: {
            type: "object",
            description: "Message attributes, for filter policies.",
            properties: attributes,
            required: ["type", "state", "orgId", "channelId"],
          },
          payload: { $ref: "#/components/schemas/event" },
          examples: [
            {
              name: "succeeded",
              headers: {
                type: EVENT.type,
                state: DATA.state,
                orgId: DATA.orgId,
                channelId: DATA.channelId,
                correlationId: EVENT.correlationid,
              },
              payload: EVENT,
            },
          ],
        },
      },
      schemas: { event: event() },
    },
  };
}
