import { stripVTControlCharacters } from "node:util";

/**
 * What of a line that serverless-offline prints matters to somebody who did not ask for it: its errors, and the
 * functions' warnings and errors. Undefined for all the rest.
 */
export function troubleIn(line: string): string | undefined {
  const text = stripVTControlCharacters(line).trim();
  if (text.startsWith("×") || text.startsWith("✖")) return text.slice(1).trim();
  if (!text.startsWith('{"level":')) return undefined;
  try {
    const { level, message, timestamp, service, sampling_rate, ...details } = JSON.parse(text);
    return level === "WARN" || level === "ERROR" ? `${message} ${JSON.stringify(details)}` : undefined;
  } catch {
    return text;
  }
}
