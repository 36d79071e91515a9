import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { preferredWait } from "../../lib/http/prefer.ts";

describe("the wait that a request prefers", () => {
  it.each([
    ["wait=10", 10],
    ["wait=0", 0],
    ["WAIT=7", 7],
    ["wait = 7", 7],
    ['wait="7"', 7],
    ["wait=007", 7],
    ["wait=25", 25],
    ["wait=26", 25],
    ["wait=999999999", 25],
    ["respond-async, wait=10", 10],
    ["wait=10, respond-async", 10],
    [",, wait=10,,", 10],
    ['foo="a, wait=3\\"", wait=10', 10],
    ["foo; bar=wait; baz, wait=10", 10],
    ["foo;;bar , wait=10", 10],
    ["wait=10; extra", 10],
    ["wait=10;", 10],
    ["foo;, wait=10", 10],
    ["wait  =  10", 10],
    ['wait="1\\0"', 10],
    // The first counts, as RFC 7240 says.
    ["wait=5, wait=20", 5],
    ["wait=x, wait=20", 0],
    // What cannot be read is no preference.
    [undefined, 0],
    ["", 0],
    ["wait", 0],
    ["wait=", 0],
    ["wait=-1", 0],
    ["wait=1.5", 0],
    ["wait=1e1", 0],
    ["wait=٣", 0],
    ["wait=10000000000", 0],
    ["waits=10", 0],
    ["x-wait=10", 0],
    ["@@, wait=10", 0],
    ['foo="open, wait=10', 0],
    ["foo bar, wait=10", 0],
    ["foo=, wait=10", 0],
    ["=5, wait=10", 0],
    ["wait, wait=10", 0],
    [`${"a, ".repeat(3_000)}wait=3`, 3],
  ])("%j is %d s", (header, seconds) => {
    expect(preferredWait(header, 25)).toBe(seconds);
  });

  it("is a whole number within the limit, whatever the header", () => {
    const part = fc.constantFrom("wait", "=", "10", '"', "\\", ",", ";", " ", "\t", "99", "foo", "é");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join("")),
        ),
        fc.nat(25),
        (text, most) => {
          const seconds = preferredWait(text, most);
          expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= most).toBe(true);
        },
      ),
    );
  });
});
