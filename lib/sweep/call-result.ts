import { SecretError, UnknownOrganisationError } from "../enos/credentials.ts";
import { EnosError, type EnosErrorKind } from "../enos/errors.ts";
import type { StuckReason } from "../store/health-store.ts";
import type { CheckResult } from "../tasks/decision.ts";

/**
 * Why a call brought nothing: EnOS's reasons, and
 * - `unknown-organisation`: there is no secret for the organisation
 * - `secret`: its secret cannot be read
 * - `internal`: an error that nobody thought of
 */
export type CallFailure = EnosErrorKind | "unknown-organisation" | "secret" | "internal";

/** How a call ended, for its task and for those whose health it tells of. */
export type CallResult =
  /** EnOS, or its gateway, answered; also that it does not know the task, or something that nobody understands. */
  | { kind: "answered"; check: CheckResult; failure?: CallFailure }
  /** Nobody answered. */
  | { kind: "unanswered"; failure: CallFailure; isConnected: boolean }
  /** Whoever is asked, the organisation gets no answer: its credentials, or our address, are refused, or it has none. */
  | { kind: "refused"; failure: CallFailure; reason: StuckReason }
  | { kind: "limited"; failure: "throttled" }
  /** Ended by us, since the time was over: it proves nothing. */
  | { kind: "cut-off" };

/** What an error that a call ended with says. */
export function resultOfError(error: unknown, isCutOff: boolean): CallResult {
  if (isCutOff) return { kind: "cut-off" };
  if (error instanceof UnknownOrganisationError)
    return refused("unknown-organisation", "unknown-organisation");
  if (error instanceof SecretError) return refused("secret", "secret");
  if (!(error instanceof EnosError)) return answered("internal");
  const { kind, code } = error;
  switch (kind) {
    case "credentials":
    case "token-expired":
      return refused("credentials", "credentials");
    case "address-refused":
      return refused("address-refused", "address-refused");
    case "throttled":
      return { kind: "limited", failure: "throttled" };
    case "timeout":
    case "unreachable":
      return { kind: "unanswered", failure: kind, isConnected: error.isConnected };
    case "upstream":
      // With a code it is EnOS that speaks, of this one task; without, it is a gateway with nothing behind it.
      return code === undefined ? { kind: "unanswered", failure: kind, isConnected: true } : answered(kind);
    case "rejected":
      return (code ?? 0) % 1000 === 404 ? { kind: "answered", check: { kind: "not-found" } } : answered(kind);
    case "malformed":
      return answered(kind);
  }
}

function answered(failure: CallFailure): CallResult {
  return { kind: "answered", check: { kind: "failed" }, failure };
}

function refused(failure: CallFailure, reason: StuckReason): CallResult {
  return { kind: "refused", failure, reason };
}
