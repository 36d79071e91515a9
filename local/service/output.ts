import { stripVTControlCharacters } from "node:util";

/** Something that went wrong in the functions or in serverless-offline. */
export interface Trouble {
  /** One line for people. */
  text: string;
  /** The same for the same trouble, whichever task or request met it. */
  kind: string;
}

/**
 * What of a line that serverless-offline prints matters to somebody who did not ask for it: its errors, and the
 * functions' warnings and errors. Undefined for all the rest.
 */
export function troubleIn(line: string): Trouble | undefined {
  const text = stripVTControlCharacters(line).trim();
  if (text.startsWith("×") || text.startsWith("✖")) {
    const error = text.slice(1).trim();
    return { text: error, kind: error };
  }
  if (!text.startsWith('{"level":')) return undefined;
  try {
    const { level, message, timestamp, service, sampling_rate, ...details } = JSON.parse(text);
    if (level !== "WARN" && level !== "ERROR") return undefined;
    const kind = [message, details.reason, details.orgId].filter((part) => part !== undefined).join(" ");
    return { text: `${message} ${JSON.stringify(details)}`, kind };
  } catch {
    return { text, kind: text };
  }
}

/** A trouble that goes on is told again after this long, and how often it came meanwhile. */
const SILENCE_MS = 5 * 60_000;

/**
 * Passes troubles on, each kind once in five minutes: one that a sweep meets every other second would leave nothing
 * else to be seen.
 *
 * @param say told a line
 * @param now Unix milliseconds
 */
export function withoutRepetition(
  say: (line: string) => void,
  now: () => number = Date.now,
): (trouble: Trouble) => void {
  const told = new Map<string, { at: number; more: number }>();
  return ({ text, kind }) => {
    const last = told.get(kind);
    if (last && now() - last.at < SILENCE_MS) {
      last.more++;
      return;
    }
    told.set(kind, { at: now(), more: 0 });
    say(last && last.more > 0 ? `${text} (and ${last.more} times before)` : text);
  };
}
