import { afterEach, describe, expect, it, vi } from "vitest";
import { SecretError } from "../lib/enos/credentials.ts";
import { EnosError } from "../lib/enos/errors.ts";
import { OutOfTimeError } from "../lib/http/errors.ts";
import type { SweepSummary } from "../lib/sweep/summary.ts";
import { failureReporter, openTelemetry, reportSweep, unreadableReporter } from "../lib/telemetry.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it("every metric says of which stage it is: stacks of one account share the namespace", () => {
  // Otherwise it has a console of its own, which nobody can watch.
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  const printed = vi.spyOn(console, "log").mockReturnValue(undefined);
  vi.spyOn(console, "info").mockReturnValue(undefined);
  vi.spyOn(console, "warn").mockReturnValue(undefined);
  vi.spyOn(console, "error").mockReturnValue(undefined);

  const telemetry = openTelemetry({ STAGE: "prod" });
  reportSweep(telemetry, {
    checked: 2,
    published: 1,
    unreadable: 1,
    durationMs: 3,
    watermarkLagSeconds: 4,
    finished: { succeeded: 1 },
    failed: { publish: 1, credentials: 1 },
  } as unknown as SweepSummary);
  failureReporter(telemetry)(
    new EnosError("timeout", "EnOS did not answer"),
    { statusCode: 504, code: 99504, msg: "" },
    "r",
  );
  unreadableReporter(telemetry)({ pk: "o1", sk: "x" });

  const dimensions: Record<string, string[]> = {};
  for (const [line] of printed.mock.calls) {
    const metric = JSON.parse(String(line));
    expect(metric).toMatchObject({ service: "enos-download-status", stage: "prod" });
    for (const { Namespace, Dimensions, Metrics } of metric._aws.CloudWatchMetrics) {
      expect(Namespace).toBe("EnosDownloadStatus");
      expect(Dimensions).toHaveLength(1);
      for (const { Name } of Metrics) dimensions[Name] = Dimensions[0];
    }
  }
  const own = ["service", "stage"];
  expect(dimensions).toEqual({
    Checked: own,
    Published: own,
    SweepDuration: own,
    WatermarkLag: own,
    Unreadable: own,
    Finished: [...own, "state"],
    OwnErrors: [...own, "kind"],
    UpstreamErrors: [...own, "kind"],
  });
});

describe("a failure in the log", () => {
  /** What is logged of an error. */
  function logged(error: unknown): { error: string; stack?: string[] } {
    vi.stubEnv("POWERTOOLS_DEV", "true");
    vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "true");
    const printed = vi.spyOn(console, "warn").mockReturnValue(undefined);
    failureReporter(openTelemetry({ STAGE: "dev" }))(error, { statusCode: 500, code: 99500, msg: "" }, "r");
    return JSON.parse(String(printed.mock.calls.at(-1)));
  }

  it("has the message of an error of ours", () => {
    expect(logged(new SecretError("the secret of organisation o1 is not JSON"))).toMatchObject({
      error: "the secret of organisation o1 is not JSON",
    });
    expect(logged(new OutOfTimeError())).toMatchObject({ error: "the function's time is over" });
  });

  it("has of any other only its kind and its places, however its message is written", () => {
    for (const message of [
      "canary",
      "canary\ncanary\n    at canary (canary.ts:1:1)",
      "\n    at canary\n",
      "TypeError",
      "",
    ]) {
      const { error, stack = [] } = logged(new TypeError(message));
      expect(error).toBe("TypeError");
      expect(stack.length).toBeGreaterThan(0);
      for (const frame of stack) expect(frame).toMatch(/^ {4}at /);
      expect(stack.join()).not.toContain("canary");
    }
  });

  it("says nothing of what only calls itself one of ours, or whose message was changed later", () => {
    const impostor = Object.assign(new Error("canary"), { name: "SecretError" });
    expect(JSON.stringify(logged(impostor))).not.toContain("canary");
    const changed = new Error("canary\ncanary");
    changed.message = "something else";
    expect(JSON.stringify(logged(changed))).not.toContain("canary");
    const named = Object.assign(new Error(""), { name: "can\nary" });
    expect(logged(named).error).toBe("unknown");
    for (const thrown of ["canary", null, undefined, { message: "canary" }]) {
      expect(logged(thrown).error).toBe("unknown");
    }
  });
});
