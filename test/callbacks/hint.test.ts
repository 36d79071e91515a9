import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hintMessage, parseHint, taskIdOf } from "../../lib/callbacks/hint.ts";

const TASK = "79449f27d3ff44b3990c547360c2851f";
const BODY = { id: TASK, returnCode: "0", download_url: "http://files.example/a.zip", dataSize: 1 };
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("a callback's body", () => {
  it.each([
    ["as it is documented", { body: JSON.stringify(BODY) }],
    [
      "in base64, as API Gateway hands over what is no text",
      { body: base64(JSON.stringify(BODY)), isBase64Encoded: true },
    ],
    ["as a form", { body: new URLSearchParams({ id: TASK, returnCode: "0" }).toString() }],
    ["as a form in base64", { body: base64(`returnCode=0&id=${TASK}`), isBase64Encoded: true }],
    [
      "with an odd code and a huge size",
      { body: JSON.stringify({ ...BODY, returnCode: {}, dataSize: 1e300 }) },
    ],
  ])("names its task %s", (_, body) => {
    expect(taskIdOf(body)).toBe(TASK);
  });

  it.each([
    ["there is none", {}],
    ["it is empty", { body: "" }],
    ["it is no JSON", { body: `{"id":"${TASK}"` }],
    ["it is a list", { body: JSON.stringify([BODY]) }],
    ["it is null", { body: "null" }],
    ["the id is a number", { body: JSON.stringify({ id: 7 }) }],
    ["the id is none", { body: JSON.stringify({ id: "../../secrets" }) }],
    ["the id is too long", { body: JSON.stringify({ id: "a".repeat(129) }) }],
    ["the id is another field's", { body: JSON.stringify({ taskId: TASK }) }],
    [
      "an id is in a URL of it",
      { body: JSON.stringify({ log_url: `http://files.example/?a=1&id=${TASK}&b=2` }) },
    ],
    ["it is huge", { body: JSON.stringify({ ...BODY, log_url: "x".repeat(70_000) }) }],
    ["it is base64 and nobody says so", { body: base64(JSON.stringify(BODY)) }],
    ["it is said to be base64 and is not", { body: JSON.stringify(BODY), isBase64Encoded: true }],
    ["it is no text", { body: 7, isBase64Encoded: "yes" }],
  ])("names none where %s", (_, body) => {
    expect(taskIdOf(body)).toBeUndefined();
  });

  it("never causes an error", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.anything()), fc.anything(), (body, isBase64Encoded) => {
        const id = taskIdOf({ body, isBase64Encoded });
        expect(id === undefined || /^[A-Za-z0-9_-]{1,128}$/.test(id)).toBe(true);
      }),
    );
  });
});

describe("a hint in the queue", () => {
  it("can be read back", () => {
    const hint = { orgId: "o1", channelId: "ch-1", taskId: TASK };
    expect(parseHint(hintMessage({ ...hint, more: 1 } as typeof hint))).toEqual(hint);
  });

  it("is nothing else", () => {
    for (const text of [
      "",
      "{}",
      "null",
      "[]",
      '{"orgId":"o1","channelId":"ch-1"}',
      '{"orgId":"o 1","channelId":"c","taskId":"t"}',
    ]) {
      expect(parseHint(text)).toBeUndefined();
    }
  });
});
