import { readFileSync } from "node:fs";
import { CloudEvent } from "cloudevents";
import type { TerminalEvent } from "../../lib/events/event.ts";
import type { ReceivedMessage } from "../../local/aws/received.ts";
import { newAjv } from "../docs/ajv.ts";

const ajv = newAjv();
const schema = (name: string) =>
  ajv.compile(
    JSON.parse(readFileSync(new URL(`../../docs/schemas/${name}.v1.json`, import.meta.url), "utf8")),
  );
const isEvent = schema("event");
const isData = schema("event-data");

/**
 * @throws {Error} for an event that its schemas or the SDK's strict mode reject, or its message attributes contradict
 */
export function refuseOddEvent({ body, attributes }: ReceivedMessage): void {
  const event = body as TerminalEvent;
  // Tests of subscriptions also send other messages.
  if (typeof event?.specversion !== "string") return;
  const said = `the event ${JSON.stringify(event).slice(0, 500)}`;
  if (!isEvent(event)) throw new Error(`${said}: ${ajv.errorsText(isEvent.errors)}`);
  if (!isData(event.data)) throw new Error(`${said}: ${ajv.errorsText(isData.errors)}`);
  // Strict: its constructor validates.
  new CloudEvent(event as never, true);
  const { type, correlationid, data } = event;
  const expected = {
    type,
    state: data.state,
    orgId: data.orgId,
    channelId: data.channelId,
    ...(correlationid !== undefined && { correlationId: correlationid }),
  };
  for (const [name, value] of Object.entries(expected)) {
    // A message that a test published by itself has none.
    if (Object.keys(attributes).length > 0 && attributes[name] !== value) {
      throw new Error(`${said}: the attribute ${name} is ${attributes[name]}`);
    }
  }
}
