import { expect, it } from "vitest";
import { ALL_KEYS } from "../../lib/store/key-span.ts";
import { lags } from "../../lib/sweep/lag.ts";

const NOW = 10_000_000;
const NOBODY = { organisations: 0, oldest: 0, oldestAnswering: 0 };

/** A shard that was swept so many seconds ago. */
function shard(seconds: number, { behind = NOBODY, announcedAt = 1, gapSeconds = 0 } = {}) {
  const gaps = gapSeconds > 0 ? [{ ...ALL_KEYS, watermark: NOW - gapSeconds * 1_000 }] : [];
  return { checkpoint: { watermark: NOW - seconds * 1_000, gaps }, behind, announcedAt };
}

const ago = (seconds: number) => NOW - seconds * 1_000;

it("is that of the shard that is furthest back, gaps included", () => {
  expect(lags([shard(60), shard(90)], NOW)).toEqual({ watermarkLagSeconds: 90, answeringLagSeconds: 90 });
  expect(lags([shard(60, { gapSeconds: 300 })], NOW).watermarkLagSeconds).toBe(300);
});

it("has two values, with stuck organisations and without", () => {
  const behind = { organisations: 2, oldest: ago(900), oldestAnswering: ago(120) };
  expect(lags([shard(60, { behind })], NOW)).toEqual({ watermarkLagSeconds: 900, answeringLagSeconds: 120 });
  const stuckOnly = { organisations: 1, oldest: ago(900), oldestAnswering: 0 };
  expect(lags([shard(60, { behind: stuckOnly })], NOW).answeringLagSeconds).toBe(60);
});

it("counts what was never checked from when the shard was announced", () => {
  const announcedAt = ago(200);
  const never = { checkpoint: { watermark: 0, gaps: [] }, behind: NOBODY, announcedAt };
  expect(lags([never], NOW).watermarkLagSeconds).toBe(200);
  const behind = { organisations: 1, oldest: 1, oldestAnswering: 1 };
  expect(lags([shard(60, { behind, announcedAt })], NOW)).toEqual({
    watermarkLagSeconds: 200,
    answeringLagSeconds: 200,
  });
});

it("is unknown without a shard that had a task, and never negative", () => {
  const unused = { checkpoint: { watermark: 0, gaps: [] }, behind: NOBODY, announcedAt: 0 };
  expect(lags([unused], NOW)).toEqual({ watermarkLagSeconds: null, answeringLagSeconds: null });
  expect(lags([shard(-30)], NOW).watermarkLagSeconds).toBe(0);
});
