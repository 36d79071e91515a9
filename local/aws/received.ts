/** A message as a subscriber sees it. */
export interface ReceivedMessage {
  /** The published message, parsed as JSON. */
  readonly body: unknown;
  /** The message attributes' string values, by name. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Called with every message that any subscription receives, for checks that apply to all events. */
export const watchers = new Set<(message: ReceivedMessage) => void>();
