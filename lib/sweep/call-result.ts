import { SecretError, UnknownOrganisationError } from "../enos/credentials.ts";
import { EnosError, type EnosErrorKind } from "../enos/errors.ts";
import type { StuckReason } from "../store/health-store.ts";
import type { CheckResult } from "../tasks/decision.ts";

/**
 * Why a call failed: EnOS's reasons, and
 * - `unknown-organisation`: there is no secret for the organisation
 * - `secret`: its secret cannot be read
 * - `internal`: an unexpected error
 */
export type CallFailure = EnosErrorKind | "unknown-organisation" | "secret" | "internal";

/** How a call ended, for its task, and for the health of its organisation and gateway. */
export type CallResult =
  /** EnOS or its gateway answered, even if it does not know the task or the answer is unusable. */
  | { kind: "answered"; check: CheckResult; failure?: CallFailure }
  /** There was no answer. */
  | { kind: "unanswered"; failure: CallFailure; isConnected: boolean }
  /** No call for the organisation can succeed: its credentials or our address are refused, or it has no secret. */
  | { kind: "refused"; failure: CallFailure; reason: StuckReason }
  | { kind: "limited"; failure: "throttled" }
  /** Ended by us because the time was over: it proves nothing. */
  | { kind: "cut-off" };

/** The result for an error that a call ended with. */
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
      // With a code it is EnOS's answer about this one task; without, it is a gateway that cannot reach EnOS.
      return code === undefined ? { kind: "unanswered", failure: kind, isConnected: true } : answered(kind);
    case "rejected":
      return (code ?? 0) % 1000 === 404 ? { kind: "answered", check: { kind: "not-found" } } : answered(kind);
    case "malformed":
      return answered(kind);
  }
}

/** Whether the gateway was called at all. Without credentials it is not, so the failure says nothing about it. */
export function wasCalled(reason: StuckReason): boolean {
  return reason !== "unknown-organisation" && reason !== "secret";
}

function answered(failure: CallFailure): CallResult {
  return { kind: "answered", check: { kind: "unusable" }, failure };
}

function refused(failure: CallFailure, reason: StuckReason): CallResult {
  return { kind: "refused", failure, reason };
}
