import { describe, expect, it } from "vitest";
import { SecretError, UnknownOrganisationError } from "../../lib/enos/credentials.ts";
import { EnosError, type EnosErrorDetail, type EnosErrorKind } from "../../lib/enos/errors.ts";
import { CallerError, failureOf, OutOfTimeError } from "../../lib/http/errors.ts";

describe("what a caller is told", () => {
  it("about an invalid request is what is wrong", () => {
    expect(failureOf(new CallerError(413, "the body is too large"))).toEqual({
      statusCode: 413,
      code: 99413,
      msg: "the body is too large",
    });
  });

  it("about an organisation without a secret is that it is not served", () => {
    const failure = failureOf(new UnknownOrganisationError("o7"));
    expect(failure).toMatchObject({ statusCode: 403, code: 99403, msg: expect.stringContaining("o7") });
  });

  it("when the time is up is to try again", () => {
    expect(failureOf(new OutOfTimeError())).toEqual({
      statusCode: 503,
      code: 99503,
      msg: "the request could not be answered in time: try again",
    });
  });

  it.each<[EnosErrorKind, EnosErrorDetail, number, number]>([
    ["rejected", { code: 99404 }, 404, 99404],
    ["rejected", { code: 81400 }, 400, 81400],
    ["rejected", {}, 502, 99502],
    ["throttled", { code: 99429 }, 429, 99429],
    ["timeout", {}, 504, 99504],
    ["credentials", { code: 1003 }, 502, 1003],
    ["credentials", {}, 502, 99502],
    ["upstream", { code: 81500 }, 502, 81500],
    ["upstream", {}, 502, 99502],
    ["malformed", {}, 502, 99502],
    ["unreachable", {}, 502, 99502],
    ["address-refused", {}, 502, 99502],
    ["token-expired", { code: 4011 }, 502, 4011],
  ])("of EnOS's %s with %o is HTTP %i and the code %i", (kind, detail, statusCode, code) => {
    expect(failureOf(new EnosError(kind, "EnOS says so", detail))).toMatchObject({ statusCode, code });
  });

  it("is not all that a log says", () => {
    expect(String(new OutOfTimeError())).toBe("OutOfTimeError: the function's time is over");
    expect(String(new CallerError(400, "limit must be at least 1"))).toBe(
      "CallerError: limit must be at least 1",
    );
  });

  it("about refused keys is only that they are refused", () => {
    const { msg } = failureOf(new EnosError("credentials", "appKey does not exist", { code: 1002 }));
    expect(msg).toBe("EnOS refuses the credentials of the organisation");
  });

  it("about a traffic limit is when to retry: when EnOS says, otherwise in five seconds", () => {
    const told = (detail: EnosErrorDetail) => failureOf(new EnosError("throttled", "", detail)).headers;
    expect(told({ retryAfterSeconds: 0 })).toEqual({ "retry-after": "0" });
    expect(told({ retryAfterSeconds: 30 })).toEqual({ "retry-after": "30" });
    expect(told({})).toEqual({ "retry-after": "5" });
  });

  it.each([new Error("hunter2"), new SecretError("hunter2"), "hunter2", undefined, { statusCode: 200 }])(
    "of anything else (%o) is nothing",
    (error) => {
      expect(failureOf(error)).toEqual({ statusCode: 500, code: 99500, msg: "internal error" });
    },
  );
});
