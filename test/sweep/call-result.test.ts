import { describe, expect, it } from "vitest";
import { SecretError, UnknownOrganisationError } from "../../lib/enos/credentials.ts";
import { EnosError } from "../../lib/enos/errors.ts";
import { resultOfError } from "../../lib/sweep/call-result.ts";

const answered = (failure: string) => ({ kind: "answered", check: { kind: "unusable" }, failure });
const refused = (failure: string, reason = failure) => ({ kind: "refused", failure, reason });

describe("the result of a call that ended with", () => {
  it.each<[string, unknown, object]>([
    [
      "a time limit",
      new EnosError("timeout", ""),
      { kind: "unanswered", failure: "timeout", isConnected: true },
    ],
    [
      "a connection that could not be opened",
      new EnosError("unreachable", "", { isConnected: false }),
      { kind: "unanswered", failure: "unreachable", isConnected: false },
    ],
    [
      "a connection that broke",
      new EnosError("unreachable", "", { transient: true }),
      { kind: "unanswered", failure: "unreachable", isConnected: true },
    ],
    [
      "a gateway with nothing behind it",
      new EnosError("upstream", "", { transient: true }),
      { kind: "unanswered", failure: "upstream", isConnected: true },
    ],
    ["EnOS's own exception", new EnosError("upstream", "", { code: 81500 }), answered("upstream")],
    [
      "a task that EnOS does not know",
      new EnosError("rejected", "", { code: 99404 }),
      { kind: "answered", check: { kind: "not-found" } },
    ],
    [
      "a channel that EnOS does not know",
      new EnosError("rejected", "", { code: 81404 }),
      { kind: "answered", check: { kind: "not-found" } },
    ],
    ["a request that EnOS refuses", new EnosError("rejected", "", { code: 99400 }), answered("rejected")],
    ["a refusal without a code", new EnosError("rejected", ""), answered("rejected")],
    ["an answer that cannot be parsed", new EnosError("malformed", ""), answered("malformed")],
    [
      "a traffic limit",
      new EnosError("throttled", "", { retryAfterSeconds: 5 }),
      { kind: "limited", failure: "throttled" },
    ],
    ["refused keys", new EnosError("credentials", "", { code: 1003 }), refused("credentials")],
    ["a token that is refused again", new EnosError("token-expired", ""), refused("credentials")],
    ["an address that the gateway refuses", new EnosError("address-refused", ""), refused("address-refused")],
    ["no secret", new UnknownOrganisationError("o1"), refused("unknown-organisation")],
    ["a secret that cannot be read", new SecretError("odd"), refused("secret")],
    ["an unexpected error", new TypeError("undefined is not a function"), answered("internal")],
    ["something that is not an error", "oops", answered("internal")],
  ])("%s", (_, error, result) => {
    expect(resultOfError(error, false)).toEqual(result);
    // A call that we ended ourselves proves nothing.
    expect(resultOfError(error, true)).toEqual({ kind: "cut-off" });
  });
});
