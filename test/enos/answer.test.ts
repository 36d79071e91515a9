import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dataOf } from "../../lib/enos/answer.ts";
import { EnosError } from "../../lib/enos/errors.ts";

const NOW = Date.UTC(2026, 10, 24, 8);

function answer(httpStatus: number, body: string, retryAfter?: string) {
  return { httpStatus, headers: { "retry-after": retryAfter as string }, body: Buffer.from(body) };
}

function failure(httpStatus: number, body: unknown, retryAfter?: string): EnosError | undefined {
  try {
    dataOf(answer(httpStatus, typeof body === "string" ? body : JSON.stringify(body), retryAfter), NOW);
    return undefined;
  } catch (error) {
    return error as EnosError;
  }
}

describe("reading an answer", () => {
  it.each([
    [{ code: 0, data: 7 }],
    [{ status: 0, msg: "SUCCESS", data: 7 }],
    [{ stauts: 0, data: 7 }],
    [{ code: "0", apim_status: 0, status: null, data: 7 }],
  ])("takes %j for a success", (body) => {
    expect(dataOf(answer(200, JSON.stringify(body)), NOW)).toBe(7);
  });

  it.each([
    [200, { code: 1203 }, "token-expired", 1203],
    [200, { status: 4011 }, "token-expired", 4011],
    [200, { apim_status: "4012" }, "token-expired", 4012],
    [401, "", "token-expired", undefined],
    [200, { status: 1002 }, "credentials", 1002],
    [403, { apim_status: 1003 }, "credentials", 1003],
    [200, { code: 99401 }, "token-expired", 99401],
    [200, { code: 81404 }, "rejected", 81404],
    [200, { code: "99403" }, "rejected", 99403],
    [200, { code: 0, apim_status: 81400 }, "rejected", 81400],
    [429, "", "throttled", undefined],
    [200, { code: 99429 }, "throttled", 99429],
    [200, { code: 81500 }, "upstream", 81500],
    [200, { code: 1005 }, "upstream", 1005],
    [200, { code: 1202 }, "upstream", 1202],
    [200, { code: 7 }, "upstream", 7],
    // Longer than a service's code, so its end is no HTTP status.
    [404, { code: 100500 }, "upstream", 100500],
    [400, { code: 100000 }, "upstream", 100000],
    [500, "", "upstream", undefined],
    [503, { code: 0, data: {} }, "upstream", undefined],
    [404, "<html>", "malformed", undefined],
    [302, "", "malformed", undefined],
    [200, "", "malformed", undefined],
    [200, "[]", "malformed", undefined],
    [200, "null", "malformed", undefined],
    [200, { code: "zero" }, "malformed", undefined],
  ])("takes HTTP %i with %j for: %s", (httpStatus, body, kind, code) => {
    expect(failure(httpStatus, body)).toMatchObject({ kind, code });
  });

  it("reads for how long EnOS limits traffic", () => {
    expect(failure(429, "", "7")?.retryAfterSeconds).toBe(7);
    expect(failure(429, "")?.retryAfterSeconds).toBeUndefined();
  });

  it("never throws anything else, and never quotes the answer", () => {
    const secret = "s3cr3t-t0ken";
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.json(), (httpStatus, json) => {
        for (const body of [json, json + secret, `{"code":5,"msg":"${secret}","data":${json}}`]) {
          const error = failure(httpStatus, body);
          if (error === undefined) continue;
          expect(error).toBeInstanceOf(EnosError);
          expect(`${error.message} ${JSON.stringify(error)} ${error.cause}`).not.toContain(secret);
        }
      }),
    );
  });
});
