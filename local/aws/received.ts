/** A message as a subscriber sees it. */
export interface ReceivedMessage {
  /** The published message, parsed as JSON. */
  readonly body: unknown;
  /** The message attributes' string values, by name. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Hear of every message that any subscription receives: what is promised of all events can be held there. */
export const watchers = new Set<(message: ReceivedMessage) => void>();
