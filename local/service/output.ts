import { stripVTControlCharacters } from "node:util";
import { DOCTORS_REQUEST } from "../../infra/names.ts";

/** Something that went wrong in the functions or in serverless-offline. */
export interface Trouble {
  /** One line for people. */
  text: string;
  /** The same for the same problem, whatever task or request it concerns. */
  kind: string;
}

/**
 * The part of a line printed by serverless-offline that a user should see: its errors, and the functions' warnings and
 * errors, except about requests whose answer names the caller's mistake. Undefined for everything else.
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
    const { requestId, statusCode, code, orgId, gateway, error, reason = error } = details;
    // It tells of any failure itself.
    if (requestId === DOCTORS_REQUEST) return undefined;
    // The caller has seen the answer.
    if (statusCode < 500) return undefined;
    const parts = [message, statusCode, code, reason, orgId, gateway];
    const kind = parts.filter((part) => part !== undefined).join(" ");
    return { text: `${message} ${JSON.stringify(details)}`, kind };
  } catch {
    return { text, kind: text };
  }
}

/** How long until a recurring problem is reported again, with the number of times it has occurred meanwhile. */
const SILENCE_MS = 5 * 60_000;

/**
 * Reports problems, each kind once in five minutes: one that occurs in every sweep would otherwise hide everything
 * else.
 *
 * @param say called with each line
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
