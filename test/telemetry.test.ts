import { afterEach, expect, it, vi } from "vitest";
import { EnosError } from "../lib/enos/errors.ts";
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
