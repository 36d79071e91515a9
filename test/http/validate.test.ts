import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { shown, valid } from "../../lib/http/validate.ts";

describe("a value that a caller sent", () => {
  const schema = z.strictObject({ names: z.array(z.string("must be text")) }, "must be an object");

  it.each([
    [7, "the body must be an object"],
    [{ names: ["a", 7] }, "names must be text"],
    [{ names: [], "a b": 1 }, "a?b is not known"],
  ])("is refused by the name of its field: %j", (value, message) => {
    expect(() => valid(schema, value)).toThrow(message);
  });

  it("is refused as a whole if it is a list", () => {
    expect(() => valid(z.array(z.string("must be text")), [7], "the list")).toThrow("the list must be text");
  });

  it("is shown up to 64 characters, in ASCII", () => {
    expect(shown("x".repeat(64))).toBe("x".repeat(64));
    expect(shown("x".repeat(65))).toBe(`${"x".repeat(64)}…`);
    expect(shown("é\n ~")).toBe("???~");
  });
});
