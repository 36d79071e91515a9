import type { FailureReason } from "../../../lib/sweep/summary.ts";
import type { Cloud, SecretContent } from "../../../local/cloud.ts";
import type { Fault } from "../../../local/enos/input.ts";
import type { EnosSimulator } from "../../../local/enos/simulator.ts";
import type { Gateway } from "./gateway.ts";

/** The organisation that a fault affects. */
export interface Victim {
  orgId: string;
  keys: SecretContent;
  enos: EnosSimulator;
  cloud: Cloud;
  gateway: Gateway | undefined;
}

/** The answer that a caller of the lookup must get; a success has code 0. */
export interface Expected {
  status: number;
  code: number;
  /** The state in a success; by default, `succeeded`. */
  state?: string;
  /** The value of `Retry-After`, in seconds. */
  retryAfter?: number;
}

/** How a sweep must react: the fault is harmless, or the organisation's tasks are checked later. */
export type SweepExpected =
  | "harmless"
  | {
      /** The reason in the summary; null for a task that EnOS does not know, which is no failure yet. */
      failed: FailureReason | null;
      /** Whether the organisation, or its gateway, counts as stuck. */
      stopped: boolean;
    };

/** One way in which EnOS fails, and what must follow. */
export interface Cell {
  name: string;
  /** Faults of the simulator, for the victim alone; at Get Download Status unless they say otherwise. */
  faults?: Fault[];
  /** What else is done to the victim. */
  strike?: (victim: Victim) => void | Promise<void>;
  /** Undoes this; the faults have been removed by then. */
  recover?: (victim: Victim) => void | Promise<void>;
  /** True if the victim needs a gateway that can go down. */
  gateway?: true;
  /** True if the fault begins in the middle of a sweep. */
  midSweep?: true;
  /** True if every organisation uses the victim's gateway. */
  everybody?: true;
  lookup: Expected;
  sweep: SweepExpected;
}

const fine: Expected = { status: 200, code: 0 };
const bad: Expected = { status: 502, code: 99502 };
const late: Expected = { status: 504, code: 99504 };

const malformed: SweepExpected = { failed: "malformed", stopped: false };
const unreachable: SweepExpected = { failed: "unreachable", stopped: true };
const silent: SweepExpected = { failed: "timeout", stopped: true };
const throttled: SweepExpected = { failed: "throttled", stopped: true };
const refused: SweepExpected = { failed: "credentials", stopped: true };

const at = "status" as const;
const endToken = ({ enos, orgId }: Victim) => enos.revokeTokens(orgId);
const goDown = ({ gateway }: Victim) => gateway?.goDown();
const comeBack = ({ gateway }: Victim) => gateway?.comeBack();

/** Makes EnOS accept other keys from now on. */
function rotate(victim: Victim, change: Partial<SecretContent>): SecretContent {
  const keys = { ...victim.keys, ...change };
  const { accessKey, secretKey } = keys;
  victim.enos.rotateCredentials(victim.orgId, { accessKey, secretKey });
  return keys;
}

const rotated = (change: Partial<SecretContent>) => async (victim: Victim) => {
  // The secret first: a call that is refused in between reads it only once more.
  await victim.cloud.putSecret(victim.orgId, { ...victim.keys, ...change });
  rotate(victim, change);
};

const refusedUntilStored = (change: Partial<SecretContent>): Pick<Cell, "strike" | "recover"> => ({
  strike: (victim) => void rotate(victim, change),
  recover: (victim) => victim.cloud.putSecret(victim.orgId, { ...victim.keys, ...change }),
});

/** Every 5xx that gateways answer with. */
const serverErrors = [500, 501, 502, 503, 504].flatMap((httpStatus): Cell[] => [
  {
    name: `${httpStatus} with JSON`,
    faults: [{ kind: "server-error", httpStatus, endpoint: at }],
    lookup: { status: 502, code: 99500 },
    sweep: { failed: "upstream", stopped: false },
  },
  {
    name: `${httpStatus} with nothing`,
    faults: [{ kind: "server-error", httpStatus, body: "empty", endpoint: at }],
    lookup: bad,
    sweep: { failed: "upstream", stopped: true },
  },
]);

/** Answers of the gateway itself, without a code. */
const gatewayRefusals = (
  [
    [400, bad, { failed: "rejected", stopped: false }],
    [401, bad, refused],
    [403, bad, { failed: "address-refused", stopped: true }],
    [413, bad, { failed: "rejected", stopped: false }],
    [429, { status: 429, code: 99429, retryAfter: 5 }, throttled],
    [500, bad, { failed: "upstream", stopped: true }],
    [503, bad, { failed: "upstream", stopped: true }],
  ] as const
).map(
  ([httpStatus, lookup, sweep]): Cell => ({
    name: `the gateway's own ${httpStatus}`,
    faults: [{ kind: "gateway-refusal", httpStatus, endpoint: at }],
    lookup,
    sweep,
  }),
);

/** The matrix. Cells that take long come first, since cells run concurrently. */
export const cells: Cell[] = [
  {
    name: "connect timeout",
    gateway: true,
    strike: ({ gateway }) => gateway?.stall(),
    recover: comeBack,
    lookup: late,
    sweep: silent,
  },
  {
    name: "body drop by drop",
    faults: [{ kind: "slow-body", everyMs: 200, endpoint: at }],
    lookup: late,
    sweep: silent,
  },
  { name: "no headers", faults: [{ kind: "hang", endpoint: at }], lookup: late, sweep: silent },
  {
    name: "token endpoint hangs",
    faults: [{ kind: "hang", endpoint: "token" }],
    strike: endToken,
    lookup: late,
    sweep: silent,
  },
  {
    name: "body that stops",
    faults: [{ kind: "slow-body", everyMs: 60_000, endpoint: at }],
    lookup: late,
    sweep: silent,
  },
  {
    name: "refused",
    gateway: true,
    strike: goDown,
    recover: comeBack,
    lookup: bad,
    sweep: unreachable,
  },
  {
    name: "refused in the middle",
    gateway: true,
    midSweep: true,
    strike: goDown,
    recover: comeBack,
    lookup: bad,
    sweep: unreachable,
  },
  {
    name: "whole gateway down",
    gateway: true,
    everybody: true,
    strike: goDown,
    recover: comeBack,
    lookup: bad,
    sweep: unreachable,
  },
  {
    name: "whole gateway stalled",
    gateway: true,
    everybody: true,
    strike: ({ gateway }) => gateway?.stall(),
    recover: comeBack,
    lookup: late,
    sweep: silent,
  },
  {
    name: "reset before the answer",
    faults: [{ kind: "reset", at: "before-answer", endpoint: at }],
    lookup: bad,
    sweep: unreachable,
  },
  {
    name: "reset in the body",
    faults: [{ kind: "reset", at: "in-body", endpoint: at }],
    lookup: bad,
    sweep: unreachable,
  },
  {
    name: "reset once",
    faults: [{ kind: "reset", at: "in-body", endpoint: at, times: 1 }],
    lookup: fine,
    // A sweep's check is one attempt.
    sweep: { failed: "unreachable", stopped: false },
  },
  {
    name: "reset once before the answer",
    faults: [{ kind: "reset", at: "before-answer", endpoint: at, times: 1 }],
    lookup: fine,
    // This looks like a kept connection that was closed just then, and does not count as an attempt.
    sweep: "harmless",
  },
  {
    name: "body over the limit",
    faults: [{ kind: "huge-body", endpoint: at }],
    lookup: bad,
    sweep: malformed,
  },
  {
    name: "body over the limit, announced",
    faults: [{ kind: "huge-body", contentLength: true, endpoint: at }],
    lookup: bad,
    sweep: malformed,
  },
  { name: "half a JSON text", faults: [{ kind: "garbage", endpoint: at }], lookup: bad, sweep: malformed },
  {
    name: "a page of HTML",
    faults: [{ kind: "wrong-content-type", endpoint: at }],
    lookup: bad,
    sweep: malformed,
  },
  {
    name: "wrong content type",
    faults: [{ kind: "wrong-content-type", body: "answer", endpoint: at }],
    lookup: fine,
    sweep: "harmless",
  },
  { name: "empty body", faults: [{ kind: "empty-body", endpoint: at }], lookup: bad, sweep: malformed },
  { name: "another task", faults: [{ kind: "wrong-task", endpoint: at }], lookup: bad, sweep: malformed },
  {
    name: "a list of strangers",
    faults: [{ kind: "strangers", includeTask: false, endpoint: at }],
    lookup: bad,
    sweep: malformed,
  },
  {
    name: "a list with strangers",
    faults: [{ kind: "strangers", includeTask: true, endpoint: at }],
    lookup: fine,
    sweep: "harmless",
  },
  {
    name: "unknown progress code",
    faults: [{ kind: "unknown-code", endpoint: at }],
    lookup: { ...fine, state: "unknown", retryAfter: 60 },
    sweep: { failed: null, stopped: false },
  },
  {
    name: "429",
    faults: [{ kind: "rate-limit", endpoint: at }],
    lookup: { status: 429, code: 99429, retryAfter: 5 },
    sweep: throttled,
  },
  {
    name: "429 for a minute",
    faults: [{ kind: "rate-limit", retryAfterSeconds: 60, endpoint: at }],
    lookup: { status: 429, code: 99429, retryAfter: 60 },
    sweep: throttled,
  },
  {
    name: "429 until a date",
    faults: [{ kind: "rate-limit", retryAfterSeconds: 600, retryAfterForm: "http-date", endpoint: at }],
    lookup: { status: 429, code: 99429, retryAfter: 600 },
    sweep: throttled,
  },
  {
    name: "429 for a second, once",
    faults: [{ kind: "rate-limit", retryAfterSeconds: 1, endpoint: at, times: 1 }],
    lookup: fine,
    sweep: throttled,
  },
  ...serverErrors,
  ...gatewayRefusals,
  {
    name: "503 once",
    faults: [{ kind: "server-error", httpStatus: 503, endpoint: at, times: 1 }],
    lookup: fine,
    sweep: { failed: "upstream", stopped: false },
  },
  {
    name: "81500 under HTTP 200",
    faults: [{ kind: "error", code: 81500, httpStatus: 200, endpoint: at }],
    lookup: { status: 502, code: 81500 },
    sweep: { failed: "upstream", stopped: false },
  },
  {
    name: "99403",
    faults: [{ kind: "error", code: 99403, endpoint: at }],
    lookup: { status: 403, code: 99403 },
    sweep: { failed: "rejected", stopped: false },
  },
  {
    name: "81404",
    faults: [{ kind: "error", code: 81404, endpoint: at }],
    lookup: { status: 404, code: 81404 },
    sweep: { failed: null, stopped: false },
  },
  {
    name: "token expired in the middle",
    midSweep: true,
    strike: endToken,
    lookup: fine,
    sweep: "harmless",
  },
  {
    name: "every token expired",
    faults: [{ kind: "token-expired", endpoint: at }],
    lookup: { status: 502, code: 4011 },
    sweep: refused,
  },
  {
    name: "token endpoint: 503 with nothing",
    faults: [{ kind: "server-error", httpStatus: 503, body: "empty", endpoint: "token" }],
    strike: endToken,
    lookup: bad,
    sweep: { failed: "upstream", stopped: true },
  },
  {
    name: "token endpoint: reset",
    faults: [{ kind: "reset", at: "before-answer", endpoint: "token" }],
    strike: endToken,
    lookup: bad,
    sweep: unreachable,
  },
  {
    name: "token endpoint: garbage",
    faults: [{ kind: "garbage", endpoint: "token" }],
    strike: endToken,
    lookup: bad,
    sweep: malformed,
  },
  {
    name: "token endpoint: 429",
    faults: [{ kind: "rate-limit", endpoint: "token" }],
    strike: endToken,
    lookup: { status: 429, code: 99429, retryAfter: 5 },
    sweep: throttled,
  },
  {
    name: "secret key rotated in the middle",
    midSweep: true,
    strike: rotated({ secretKey: "next-secret-key" }),
    lookup: fine,
    sweep: "harmless",
  },
  {
    name: "both keys rotated in the middle",
    midSweep: true,
    strike: rotated({ accessKey: "next-access-key", secretKey: "next-secret-key" }),
    lookup: fine,
    sweep: "harmless",
  },
  {
    name: "secret key rotated, not yet stored",
    midSweep: true,
    ...refusedUntilStored({ secretKey: "next-secret-key" }),
    lookup: { status: 502, code: 1003 },
    sweep: refused,
  },
  {
    name: "credentials revoked",
    ...refusedUntilStored({ accessKey: "other-access-key", secretKey: "other-secret-key" }),
    lookup: { status: 502, code: 1002 },
    sweep: refused,
  },
];

/** Starts the cell's fault. Resolves with a function that ends it. */
export async function strike(cell: Cell, victim: Victim): Promise<() => Promise<void>> {
  const ids = (cell.faults ?? []).map((fault) => victim.enos.addFault({ ...fault, orgId: victim.orgId }));
  await cell.strike?.(victim);
  return async () => {
    const standing = new Set(victim.enos.faults().map(({ id }) => id));
    for (const id of ids) if (standing.has(id)) victim.enos.removeFault(id);
    await cell.recover?.(victim);
  };
}
