/** A token of HTTP (RFC 9110, 5.6.2), or a quoted string. */
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SPACE = /[ \t]*/y;

/**
 * How many seconds a request prefers to wait: `wait` of the header `Prefer` (RFC 7240, 4.3). 0 if there is none, or it
 * is malformed: a preference is never an error.
 *
 * @param header the header's value; repeated headers are joined by commas
 * @param most the longest wait that is applied
 */
export function preferredWait(header: string | undefined, most: number): number {
  for (const [name, value] of preferences(header ?? "")) {
    // "If any preference is specified more than once, only the first instance is to be considered" (RFC 7240, 2).
    if (name === "wait") return /^\d{1,9}$/.test(value) ? Math.min(Number(value), most) : 0;
  }
  return 0;
}

/** The preferences up to the first that is malformed, in their order, with their names in lower case. */
function* preferences(header: string): Generator<[name: string, value: string]> {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const skip = (separator: string): boolean => {
    take(SPACE);
    if (header[at] !== separator) return false;
    at++;
    take(SPACE);
    return true;
  };
  const pair = (): [string, string] | undefined => {
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) return undefined;
    if (!skip("=")) return [name, ""];
    const quoted = take(QUOTED);
    const value = quoted ? quoted[1]?.replace(/\\(.)/g, "$1") : take(TOKEN)?.[0];
    return value === undefined ? undefined : [name, value];
  };
  while (at < header.length) {
    // A list may have empty elements (RFC 9110, 5.6.1).
    if (skip(",")) continue;
    const preference = pair();
    if (!preference) return;
    while (skip(";")) if (header[at] !== ";" && header[at] !== "," && at < header.length && !pair()) return;
    if (at < header.length && header[at] !== ",") return;
    yield preference;
  }
}
