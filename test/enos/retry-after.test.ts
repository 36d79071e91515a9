import { expect, it } from "vitest";
import { retryAfterSeconds } from "../../lib/enos/retry-after.ts";

const NOW = Date.UTC(2026, 10, 24, 8);
const at = (ms: number) => new Date(NOW + ms).toUTCString();

it.each([
  ["7", 7],
  ["0", 0],
  ["1.2", 2],
  [at(90_500), 90],
  [at(-5_000), 0],
  ["Tuesday, 24-Nov-26 08:00:30 GMT", 30],
  ["Tue Nov 24 08:00:30 2026", 30],
  ["99999999", 31 * 86_400],
  ["3, 9 ,5", 9],
  ["3, soon", undefined],
  [", ", undefined],
  ["about Tuesday, 24-Nov-26 08:00:30 GMT", undefined],
  [["4", at(20_000)], 20],
  [["soon", "6"], 6],
  ["soon", undefined],
  ["2026", 2026],
  ["2026-11-24T08:00:30Z", undefined],
  ["-3", undefined],
  ["", undefined],
  [undefined, undefined],
])("Retry-After %j says %s seconds", (header, seconds) => {
  expect(retryAfterSeconds({ "retry-after": header as string }, NOW)).toBe(seconds);
});

it("compares a date with the answer's own, since clocks differ", () => {
  const headers = { "retry-after": at(60_000), date: at(50_000) };
  expect(retryAfterSeconds(headers, NOW)).toBe(10);
  expect(retryAfterSeconds({ ...headers, date: "today" }, NOW)).toBe(60);
  const twice = [at(50_000), at(50_000)] as never;
  expect(retryAfterSeconds({ ...headers, date: twice }, NOW)).toBe(60);
});
