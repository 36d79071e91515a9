import type { Context } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { CallerError, OutOfTimeError } from "../../lib/http/errors.ts";
import { apiHandler } from "../../lib/http/handler.ts";
import type { ApiEvent } from "../../lib/http/request.ts";
import { apiEvent } from "../../local/harness/api-event.ts";

const contextOf = (remainingMs: number) =>
  ({ awsRequestId: "lambda-id", getRemainingTimeInMillis: () => remainingMs }) as Context;
const heard: unknown[][] = [];
const handler = apiHandler(
  {
    async "GET /tracked-tasks"({ rawQueryString }, time) {
      if (rawQueryString === "fail") throw new Error("a secret: hunter2");
      if (rawQueryString === "refuse") throw new CallerError(400, "limit must be from 1 to 100");
      if (rawQueryString === "hang") {
        expect(time.remainingMs).toBe(100);
        await new Promise(() => time.signal.addEventListener("abort", () => heard.push(["aborted"])));
      }
      if (rawQueryString === "none") return { statusCode: 204 };
      return { statusCode: 201, data: { query: rawQueryString } };
    },
  },
  (...failure) => heard.push(failure),
);

const call = async (event: ApiEvent, remainingMs = 10_000) => {
  heard.length = 0;
  const { statusCode, headers, body } = await handler(event, contextOf(remainingMs));
  return { statusCode, headers, envelope: body === undefined ? undefined : JSON.parse(body) };
};

const NEVER_KEPT = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

describe("an API handler", () => {
  it("answers in the envelope, with the route's status and API Gateway's request id", async () => {
    expect(await call(apiEvent("list", "limit=1"))).toEqual({
      statusCode: 201,
      headers: {
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "content-type": "application/json; charset=utf-8",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=63072000; includeSubDomains",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
      },
      envelope: { code: 0, msg: "success", requestId: "test-request", data: { query: "limit=1" } },
    });
    expect(heard).toEqual([]);
  });

  it("answers 204 without a body", async () => {
    const { statusCode, headers, envelope } = await call(apiEvent("list", "none"));
    expect([statusCode, envelope]).toEqual([204, undefined]);
    expect(headers).toMatchObject(NEVER_KEPT);
    expect(headers).not.toHaveProperty("content-type");
  });

  it("reports an invalid request to the caller", async () => {
    expect(await call(apiEvent("list", "refuse"))).toMatchObject({
      statusCode: 400,
      headers: NEVER_KEPT,
      envelope: { code: 99400, msg: "limit must be from 1 to 100", requestId: "test-request", data: null },
    });
  });

  it("hides an unexpected error from the caller, and reports it", async () => {
    const answer = await call(apiEvent("list", "fail"));
    expect(answer).toMatchObject({ statusCode: 500, envelope: { code: 99500, msg: "internal error" } });
    expect(JSON.stringify(answer)).not.toContain("hunter2");
    expect(heard).toEqual([
      [expect.objectContaining({ message: "a secret: hunter2" }), expect.anything(), "test-request"],
    ]);
  });

  it("answers before the function times out, and aborts what is in progress", async () => {
    expect(await call(apiEvent("list", "hang"), 600)).toMatchObject({
      statusCode: 503,
      headers: NEVER_KEPT,
      envelope: { code: 99503, requestId: "test-request", data: null },
    });
    expect(heard).toEqual([["aborted"], [expect.any(OutOfTimeError), expect.anything(), "test-request"]]);
  });

  it("answers even an invalid event", async () => {
    for (const event of [null, undefined, 7, "text", []] as unknown as ApiEvent[]) {
      expect(await call(event)).toMatchObject({ statusCode: 404, envelope: { requestId: "lambda-id" } });
    }
  });

  it.each(["GET /", "get /tracked-tasks", "toString", "__proto__", "", undefined, 7, null])(
    "has no route %j",
    async (routeKey) => {
      const event = { ...apiEvent("list", ""), routeKey } as ApiEvent;
      expect(await call(event)).toMatchObject({ statusCode: 404, envelope: { code: 99404 } });
    },
  );

  it("uses Lambda's request id if the event has none that API Gateway could have given it", async () => {
    const longest = { ...apiEvent("list", ""), requestContext: { requestId: "x".repeat(256) } };
    expect((await call(longest)).envelope.requestId).toBe("x".repeat(256));
    for (const requestContext of [undefined, {}, { requestId: 7 }, { requestId: "x".repeat(257) }]) {
      const event = { ...apiEvent("list", ""), requestContext } as unknown as ApiEvent;
      expect((await call(event)).envelope.requestId).toBe("lambda-id");
    }
  });
});
