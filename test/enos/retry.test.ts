import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EnosError, type EnosErrorKind } from "../../lib/enos/errors.ts";
import { retryDelay } from "../../lib/enos/retry.ts";

const broken = new EnosError("unreachable", "", { transient: true });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("retrying", () => {
  it("repeats what is transient twice, with a jittered and growing delay", () => {
    fc.assert(
      fc.property(random, (share) => {
        expect(retryDelay(broken, 0, 10_000, share)).toBeCloseTo(200 * share);
        expect(retryDelay(broken, 1, 10_000, share)).toBeCloseTo(400 * share);
        expect(retryDelay(broken, 2, 10_000, share)).toBeUndefined();
      }),
    );
  });

  it("never waits longer than the budget", () => {
    fc.assert(
      fc.property(
        random,
        fc.integer({ min: -10, max: 20_000 }),
        fc.option(fc.nat(30)),
        (share, left, seconds) => {
          const throttled = new EnosError("throttled", "", { retryAfterSeconds: seconds ?? undefined });
          for (const error of [broken, throttled]) {
            const delay = retryDelay(error, 0, left, share);
            if (delay !== undefined) expect(delay).toBeLessThan(left);
          }
        },
      ),
    );
  });

  it("waits for as long as EnOS asks, and not at all if EnOS does not say", () => {
    expect(retryDelay(new EnosError("throttled", "", { retryAfterSeconds: 3 }), 0, 10_000, 0.5)).toBe(3_000);
    expect(
      retryDelay(new EnosError("throttled", "", { retryAfterSeconds: 30 }), 0, 10_000, 0.5),
    ).toBeUndefined();
    expect(retryDelay(new EnosError("throttled", ""), 0, 10_000, 0.5)).toBeUndefined();
    // There has to be time for the attempt itself.
    const soon = new EnosError("throttled", "", { retryAfterSeconds: 3 });
    expect(retryDelay(soon, 0, 3_000, 0.5)).toBeUndefined();
    expect(retryDelay(soon, 0, 3_001, 0.5)).toBe(3_000);
  });

  it("repeats nothing else", () => {
    const kinds: EnosErrorKind[] = [
      "credentials",
      "rejected",
      "upstream",
      "malformed",
      "timeout",
      "token-expired",
    ];
    for (const kind of kinds) expect(retryDelay(new EnosError(kind, ""), 0, 10_000, 0.5)).toBeUndefined();
  });
});
