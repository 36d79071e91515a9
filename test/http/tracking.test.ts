import { describe, expect, it } from "vitest";
import { jsonBody } from "../../lib/http/body.ts";
import { CallerError } from "../../lib/http/errors.ts";
import type { ApiEvent } from "../../lib/http/request.ts";
import { trackingOptionsOf } from "../../lib/http/tracking.ts";
import { taskEvent, withBody } from "../../local/harness/api-event.ts";

const event = taskEvent("put", { orgId: "o1", channelId: "ch-1", taskId: "t1" });
const WEEK = 7 * 86_400;
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const refused = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    return error instanceof CallerError ? [error.failure.statusCode, error.message] : error;
  }
};

describe("a body", () => {
  it.each([undefined, null, "", 7, {}, []])("%j is none", (body) => {
    expect(jsonBody({ ...event, body } as unknown as ApiEvent, 100)).toBeUndefined();
  });

  it.each([
    ["text", { body: '{"a":"é"}', isBase64Encoded: false }],
    [
      "base64, as of other content types",
      { body: Buffer.from('{"a":"é"}').toString("base64"), isBase64Encoded: true },
    ],
    ["with a byte-order mark", { body: '\ufeff{"a":"é"}' }],
    ["with space around it", { body: ' \n{"a":"é"}\r\n' }],
  ])("is read as %s", (_how, body) => {
    expect(jsonBody({ ...event, ...body }, 100)).toEqual({ a: "é" });
  });

  it.each([
    ["cut", { body: '{"a":' }],
    ["form-encoded", { body: "a=b" }],
    ["in Latin 1", { body: Buffer.from('{"a":"é"}', "latin1").toString("base64"), isBase64Encoded: true }],
    ["in UTF-16", { body: Buffer.from('{"a":"é"}', "utf16le").toString("base64"), isBase64Encoded: true }],
    ["compressed", { body: Buffer.from([0x1f, 0x8b, 8, 0]).toString("base64"), isBase64Encoded: true }],
    ["text that says that it is base64", { body: '{"a":"é"}', isBase64Encoded: true }],
  ])("that is %s is 400", (_how, body) => {
    expect(refused(() => jsonBody({ ...event, ...body }, 100))).toEqual([
      400,
      "the body is not JSON in UTF-8",
    ]);
  });

  it("has a maximum size in bytes", () => {
    const json = JSON.stringify("é".repeat(49));
    expect(jsonBody({ ...event, body: json }, 100)).toHaveLength(49);
    const encoded = Buffer.from(`${json} `).toString("base64");
    for (const body of [{ body: `${json} ` }, { body: encoded, isBase64Encoded: true }]) {
      expect(refused(() => jsonBody({ ...event, ...body }, 100))).toEqual([
        413,
        "the body has more than 100 bytes",
      ]);
    }
  });

  it.each(['{"__proto__":1}', '{"a":[{"\\u005f_proto__":{}}]}'])("%s is 400", (body) => {
    expect(refused(() => jsonBody({ ...event, body }, 100))).toEqual([400, "__proto__ is not known"]);
  });
});

describe("the options of a PUT", () => {
  it("are empty without a body", () => {
    expect(trackingOptionsOf(event, WEEK)).toStrictEqual({});
  });

  it("come from its body", () => {
    const options = {
      correlationId: "order-4711",
      labels: { constructor: "a" },
      traceparent: TRACEPARENT,
      deadlineSeconds: WEEK,
    };
    expect(trackingOptionsOf(withBody(event, options), WEEK)).toEqual(options);
    expect(trackingOptionsOf(withBody(event, {}), WEEK)).toEqual({});
  });

  it("include the header's traceparent, if it is valid and the body has none", () => {
    const withHeader = (traceparent: unknown) =>
      ({ ...event, headers: { traceparent } }) as unknown as ApiEvent;
    expect(trackingOptionsOf(withHeader(TRACEPARENT), WEEK)).toEqual({ traceparent: TRACEPARENT });
    const own = { traceparent: TRACEPARENT.replace("0af", "1af") };
    expect(trackingOptionsOf(withBody(withHeader(TRACEPARENT), own), WEEK)).toEqual(own);
    for (const odd of ["", "x", `${TRACEPARENT},${TRACEPARENT}`, 7, null, [TRACEPARENT], {}]) {
      expect(trackingOptionsOf(withHeader(odd), WEEK)).toEqual({});
    }
    for (const headers of [null, "text", 7, []]) {
      expect(trackingOptionsOf({ ...event, headers } as unknown as ApiEvent, WEEK)).toEqual({});
    }
  });

  it.each([
    [[], "the body must be a JSON object"],
    ["null", "the body must be a JSON object"],
    [{ correlationId: null }, "correlationId must be text"],
    [
      { correlationId: "a b" },
      "correlationId may have letters, digits and punctuation of ASCII only, and no space",
    ],
    [{ labels: [] }, "labels must be an object of texts"],
    [{ labels: { a: 1 } }, "labels.a must be text"],
    [{ deadlineSeconds: "60" }, "deadlineSeconds must be a whole number"],
    [{ deadlineSeconds: 0 }, "deadlineSeconds must be at least 1"],
    [{ deadlineSeconds: WEEK + 1 }, `deadlineSeconds must be at most ${WEEK}, the service's own deadline`],
    [{ deadlineSeconds: 365 * 86_400 + 1 }, "deadlineSeconds must be at most 31536000"],
    [{ deadlineSeconds: 1e300 }, "deadlineSeconds must be a whole number"],
    [{ label: {} }, "label is not known"],
  ])("is not %j", (body, message) => {
    expect(refused(() => trackingOptionsOf(withBody(event, body), WEEK))).toEqual([400, message]);
  });
});
