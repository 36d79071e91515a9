import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import {
  CorrelationId,
  Labels,
  MAX_LABEL_BYTES,
  NOTHING_CARRIED,
  Traceparent,
} from "../../lib/tasks/carried.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** What a caller is told about a value that is refused; undefined if it is not. */
function refusal(schema: z.core.$ZodType, value: unknown): string | undefined {
  const issue = z.safeParse(schema, value).error?.issues[0];
  return issue?.code === "invalid_key" ? issue.issues[0]?.message : issue?.message;
}

it("is nothing unless a caller attaches something", () => {
  expect(NOTHING_CARRIED).toEqual({ correlationId: null, labels: {}, traceparent: null });
});

describe("a correlation id", () => {
  it.each([
    "a",
    "order-4711",
    "arn:aws:states:eu-central-1:123456789012:execution:x",
    "~!\"\\'<>&",
    "x".repeat(128),
  ])("may be %j", (text) => expect(CorrelationId.safeParse(text).success).toBe(true));
  const ASCII = "may have letters, digits and punctuation of ASCII only, and no space";
  it.each<[unknown, string]>([
    ["", "must not be empty"],
    ["x".repeat(129), "may have 128 characters at most"],
    ...["a b", " a", "a\n", "\t", "\x7f", "é", "😀", "\0"].map((text): [unknown, string] => [text, ASCII]),
    ...[null, 7, {}, ["a"]].map((value): [unknown, string] => [value, "must be text"]),
  ])("may not be %j: it %s", (value, message) => expect(refusal(CorrelationId, value)).toBe(message));
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
  ])("is not %j", (text) =>
    expect(refusal(Traceparent, text)).toBe("must be a traceparent of W3C Trace Context, version 00"),
  );
  it("may begin its parent with a zero", () =>
    expect(refusal(Traceparent, TRACEPARENT.replace("-b7", "-07"))).toBeUndefined());
  it("is text", () => expect(refusal(Traceparent, 7)).toBe("must be text"));
});

describe("labels", () => {
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, "v"]));

  it.each([
    {},
    many(10),
    { constructor: "a", toString: "b" },
    { site: "Årjäng 😀", "k8s.pod_name-x": "" },
    { a: `${"é".repeat((MAX_LABEL_BYTES - 2) / 2)}x` },
  ])("may be %j", (labels) => expect(Labels.safeParse(labels)).toEqual({ success: true, data: labels }));

  const NAME = "must begin with a letter and go on with letters, digits, _ . and -";
  const TOO_LONG = `may have ${MAX_LABEL_BYTES} bytes of names and texts at most`;
  it.each<[unknown, string]>([
    [many(11), "may be 10 at most"],
    ...["1a", "a b", "é"].map((name): [unknown, string] => [{ [name]: "c" }, NAME]),
    ...[1, null, { b: "c" }].map((value): [unknown, string] => [{ a: value }, "must be text"]),
    [{ a: "\ud800" }, "must be well-formed Unicode"],
    ...["line\nfeed", "\u0085"].map((text): [unknown, string] => [
      { a: text },
      "must not have control characters",
    ]),
    [{ a: "x".repeat(MAX_LABEL_BYTES + 1) }, `may have ${MAX_LABEL_BYTES} characters at most`],
    [{ a: `${"é".repeat((MAX_LABEL_BYTES - 2) / 2)}xx` }, TOO_LONG],
    ...[[], "a", null].map((value): [unknown, string] => [value, "must be an object of texts"]),
  ])("may not be %j: it %s", (value, message) => expect(refusal(Labels, value)).toBe(message));

  it.each(["", "x".repeat(65)])("may not have the name %j", (name) =>
    expect(Labels.safeParse({ [name]: "a" }).success).toBe(false),
  );
});
