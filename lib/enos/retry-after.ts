import type { IncomingHttpHeaders } from "node:http";

/** The longest that is believed, and that callers are told: a limit may be monthly. */
export const MOST_RETRY_AFTER_SECONDS = 31 * 24 * 60 * 60;

/**
 * What an answer of EnOS's says in `Retry-After`, in whole seconds from now: a number of seconds or an HTTP date
 * (RFC 9110, 10.2.3), the longest if there are several. A date is compared with the answer's own `Date`, since clocks
 * differ.
 *
 * @param now Unix milliseconds, for an answer without a `Date`
 */
export function retryAfterSeconds(headers: IncomingHttpHeaders, now: number): number | undefined {
  const date = typeof headers.date === "string" ? httpDate(headers.date) : undefined;
  const waits = [headers["retry-after"] ?? []].flat().flatMap((value) => {
    // One header line may list several numbers; a date contains a comma itself.
    if (/^[\d\s,.]+$/.test(value))
      return value.split(",").map((seconds) => Number(seconds.trim() || Number.NaN));
    return [((httpDate(value) ?? Number.NaN) - (date ?? now)) / 1000];
  });
  const known = waits.filter((seconds) => !Number.isNaN(seconds));
  if (known.length === 0) return undefined;
  return Math.min(MOST_RETRY_AFTER_SECONDS, Math.max(0, ...known.map(Math.ceil)));
}

/** A date in one of the three forms of HTTP (RFC 9110, 5.6.7), as Unix milliseconds. */
function httpDate(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/.test(text)) return undefined;
  const date = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : date;
}
