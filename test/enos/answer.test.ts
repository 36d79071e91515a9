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
    [200, { code: 1001 }, "upstream", 1001],
    [200, { code: 81200 }, "upstream", 81200],
    // Five digits end in an HTTP status; fewer or more do not, and the answer's own counts.
    [401, { code: 9999 }, "token-expired", 9999],
    [401, { code: 10000 }, "upstream", 10000],
    [401, { code: 99999 }, "upstream", 99999],
    [401, { code: 100000 }, "token-expired", 100000],
    // A gateway's own status, which is no code.
    [200, { code: 400 }, "rejected", undefined],
    [200, { status: 599 }, "upstream", undefined],
    [200, { code: 429 }, "throttled", undefined],
    [429, { code: 99500 }, "throttled", 99500],
    [400, "", "rejected", undefined],
    [413, "", "rejected", undefined],
    [414, "", "rejected", undefined],
    [431, "", "rejected", undefined],
    [408, "", "upstream", undefined],
    [403, "", "address-refused", undefined],
    [403, { code: 7, msg: "IP address is not allowed" }, "address-refused", 7],
    [403, { code: 7, msg: "no" }, "upstream", 7],
    [200, { code: 7, msg: "IP address is not allowed" }, "upstream", 7],
    [599, "", "upstream", undefined],
    [600, "", "malformed", undefined],
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
    [200, { code: "1203a" }, "malformed", undefined],
    [200, { code: "a1203" }, "malformed", undefined],
  ])("takes HTTP %i with %j for: %s", (httpStatus, body, kind, code) => {
    expect(failure(httpStatus, body)).toMatchObject({ kind, code });
  });

  it.each<[number, unknown, boolean]>([
    [200, { code: 1001 }, true],
    [200, { code: 1002 }, false],
    [408, "", true],
    [404, "", false],
    ...[500, 502, 503, 504, 505].flatMap((httpStatus): [number, unknown, boolean][] => {
      const isTransient = httpStatus > 500 && httpStatus < 505;
      return [
        [httpStatus, "", isTransient],
        [httpStatus, { code: 81500 }, isTransient],
      ];
    }),
  ])("takes HTTP %i with %j for transient: %s", (httpStatus, body, isTransient) => {
    expect(failure(httpStatus, body)?.transient).toBe(isTransient);
  });

  it("says what EnOS answered, and what its codes mean", () => {
    const codes = [1001, 1002, 1003, 1004, 1005, 1202, 1204, 81400, 81404, 81500, 99400, 99403, 99404, 99500];
    for (const code of codes) {
      expect(failure(200, { code })?.message).toMatch(new RegExp(`^EnOS answered ${code} \\([a-z -]+\\)$`));
    }
    expect(failure(200, { code: 7 })?.message).toBe("EnOS answered 7");
    expect(failure(500, "")?.message).toBe("EnOS answered HTTP 500 without a code");
    expect(failure(429, "")?.message).toBe("EnOS limits traffic");
    expect(failure(403, "")?.message).toBe("the EnOS gateway does not accept calls from this address");
    expect(failure(200, "")?.message).toBe(
      "EnOS answered HTTP 200 with a body that is not the documented JSON",
    );
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
