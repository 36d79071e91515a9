import type { TerminalEvent } from "../lib/events/event.ts";

/** An event, from a message that was delivered raw: its body is the event itself. */
export function eventOf(body: string): TerminalEvent {
  const event = JSON.parse(body) as TerminalEvent & { TopicArn?: string };
  if (event.specversion !== "1.0") {
    throw new Error(
      event.TopicArn ? "the subscription has no raw message delivery" : "the message is no event",
    );
  }
  return event;
}
