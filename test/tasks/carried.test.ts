import { describe, expect, it } from "vitest";
import { CorrelationId, Labels, MAX_LABEL_BYTES, Traceparent } from "../../lib/tasks/carried.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("a correlation id", () => {
  it.each([
    "a",
    "order-4711",
    "arn:aws:states:eu-central-1:123456789012:execution:x",
    "~!\"\\'<>&",
    "x".repeat(128),
  ])("may be %j", (text) => expect(CorrelationId.safeParse(text).success).toBe(true));
  it.each(["", "x".repeat(129), "a b", " a", "a\n", "\t", "\x7f", "é", "😀", "\0", null, 7, {}, ["a"]])(
    "may not be %j",
    (text) => expect(CorrelationId.safeParse(text).success).toBe(false),
  );
});

describe("a traceparent", () => {
  it("is W3C's", () => expect(Traceparent.safeParse(TRACEPARENT).success).toBe(true));
  it.each([
    "",
    TRACEPARENT.toUpperCase(),
    TRACEPARENT.slice(0, -1),
    `${TRACEPARENT}\n`,
    `${TRACEPARENT}-00`,
    `${TRACEPARENT},${TRACEPARENT}`,
    TRACEPARENT.replace("00-", "01-"),
    TRACEPARENT.replace("00-", "ff-"),
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
  ])("is not %j", (text) => expect(Traceparent.safeParse(text).success).toBe(false));
});

describe("labels", () => {
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, "v"]));

  it.each([
    {},
    many(10),
    { constructor: "a", toString: "b" },
    { site: "Årjäng 😀", "k8s.pod_name-x": "" },
    { a: "é".repeat((MAX_LABEL_BYTES - 2) / 2) },
  ])("may be %j", (labels) => expect(Labels.safeParse(labels)).toEqual({ success: true, data: labels }));

  it.each([
    many(11),
    { "": "a" },
    { "1a": "a" },
    { "a b": "c" },
    { é: "c" },
    { ["x".repeat(65)]: "a" },
    { a: 1 },
    { a: null },
    { a: { b: "c" } },
    { a: "\ud800" },
    { a: "line\nfeed" },
    { a: "\u0085" },
    { a: `${"é".repeat((MAX_LABEL_BYTES - 2) / 2)}xx` },
    [],
    "a",
    null,
  ])("may not be %j", (labels) => expect(Labels.safeParse(labels).success).toBe(false));
});
