import { afterEach, describe, expect, it, vi } from "vitest";
import { SecretError } from "../lib/enos/credentials.ts";
import { EnosError } from "../lib/enos/errors.ts";
import { CallerError, OutOfTimeError } from "../lib/http/errors.ts";
import { emptySummary, type SweepSummary } from "../lib/sweep/summary.ts";
import type { OpenTask } from "../lib/tasks/record.ts";
import {
  failureReporter,
  openTelemetry,
  reportHints,
  reportSweep,
  sweepObserver,
  unreadableReporter,
} from "../lib/telemetry.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** Everything that is printed from now on, logs and metrics alike, as JSON. */
function printed(): Record<string, unknown>[] {
  // Otherwise they have a console of their own, which nobody can watch.
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  const lines: Record<string, unknown>[] = [];
  for (const method of ["log", "info", "warn", "error"] as const) {
    vi.spyOn(console, method).mockImplementation((line) => void lines.push(JSON.parse(String(line))));
  }
  return lines;
}

const isMetric = (line: Record<string, unknown>) => "_aws" in line;
const messages = (lines: Record<string, unknown>[]) => lines.filter((line) => !isMetric(line));

it("every metric has the stage as a dimension, since stacks of one account share the namespace", () => {
  // Otherwise it has a console of its own, which nobody can watch.
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  const printed = vi.spyOn(console, "log").mockReturnValue(undefined);
  vi.spyOn(console, "info").mockReturnValue(undefined);
  vi.spyOn(console, "warn").mockReturnValue(undefined);
  vi.spyOn(console, "error").mockReturnValue(undefined);

  const telemetry = openTelemetry({ STAGE: "prod" });
  reportSweep(telemetry, {
    ...emptySummary(),
    unreadable: 1,
    watermarkLagSeconds: 4,
    answeringLagSeconds: 3,
    finished: { succeeded: 1 },
    failed: { publish: 1, credentials: 1 },
    stuck: { unreachable: 1 },
    behind: { busy: 1 },
  });
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
    AnsweringLag: own,
    Unreadable: own,
    Stuck: [...own, "reason"],
    Behind: [...own, "reason"],
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

  it("has the message of our own errors", () => {
    expect(logged(new SecretError("the secret of organisation o1 is not JSON"))).toMatchObject({
      error: "the secret of organisation o1 is not JSON",
    });
    expect(logged(new OutOfTimeError())).toMatchObject({ error: "the function's time is over" });
  });

  it("has only the class and the stack of other errors, whatever their message", () => {
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

  it("has no message of errors that only look like ours, or were changed later", () => {
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

describe("a request that failed", () => {
  const report = (error: unknown, statusCode: number) => {
    const lines = printed();
    failureReporter(openTelemetry({ STAGE: "dev" }))(error, { statusCode, code: 1, msg: "" }, "request-1");
    return lines;
  };

  it("because of the caller is not reported", () => {
    expect(report(new CallerError(404, "the task is not tracked"), 404)).toEqual([]);
  });

  it("because of an internal error is logged with its request id", () => {
    expect(report(new Error("x"), 500)).toEqual([
      expect.objectContaining({ level: "WARN", message: "request failed", requestId: "request-1" }),
    ]);
  });

  it("because of EnOS is logged and counted by kind, even if the caller asked for something that does not exist", () => {
    const lines = report(new EnosError("rejected", "EnOS refuses the request", { code: 99404 }), 404);
    expect(lines).toEqual([
      expect.objectContaining({ UpstreamErrors: 1, kind: "rejected" }),
      expect.objectContaining({ message: "request failed", kind: "rejected", enosCode: 99404 }),
    ]);
  });
});

describe("what a sweep reports", () => {
  const observe = () => {
    const lines = printed();
    return { lines, observer: sweepObserver(openTelemetry({ STAGE: "dev" })) };
  };
  const task = { orgId: "o1", channelId: "ch-1", taskId: "t1" } as OpenTask;

  it("is logged five times for a reason and an organisation, and again after the next start", () => {
    const { lines, observer } = observe();
    for (let time = 0; time < 8; time++) observer.failed("timeout", new EnosError("timeout", "late"), task);
    observer.failed("timeout", new EnosError("timeout", "late"), { ...task, orgId: "o2" });
    observer.failed("upstream", new EnosError("upstream", "broken"), task);
    expect(messages(lines)).toHaveLength(5 + 1 + 1);
    expect(lines[0]).toMatchObject({
      reason: "timeout",
      orgId: "o1",
      channelId: "ch-1",
      taskId: "t1",
      error: "late",
    });
    observer.reset();
    observer.failed("timeout", new EnosError("timeout", "late"), task);
    expect(messages(lines)).toHaveLength(8);
  });

  it("is logged 200 times at most, however many organisations fail", () => {
    const { lines, observer } = observe();
    for (let org = 0; org < 1_000; org++)
      observer.failed("timeout", new EnosError("timeout", "late"), { ...task, orgId: `o${org}` });
    expect(lines).toHaveLength(201);
    expect(lines.at(-1)).toMatchObject({ message: "further failures are not logged", logged: 200 });
    observer.unreadable(3, { pk: "o1", sk: "x" });
    expect(lines).toHaveLength(202);
    observer.reset();
    observer.failed("timeout", new EnosError("timeout", "late"), task);
    expect(lines).toHaveLength(203);
  });

  it("may be of no task", () => {
    const { lines, observer } = observe();
    observer.failed("read", new Error("x"));
    expect(lines).toEqual([expect.objectContaining({ reason: "read", error: "Error" })]);
  });

  it("includes organisations and gateways that are stuck or have recovered, with the reason", () => {
    const { lines, observer } = observe();
    const record = { nextProbeAt: 2, probes: 0, since: Date.UTC(2026, 10, 24), fingerprint: "0123456789ab" };
    observer.stuck({ ...record, scope: "org", id: "o1", reason: "credentials" });
    observer.stuck({ ...record, scope: "origin", id: "https://enos.example", reason: "unreachable" });
    observer.recovered({ ...record, scope: "org", id: "o1", reason: "credentials" });
    expect(lines).toEqual([
      expect.objectContaining({ level: "WARN", message: "stuck", orgId: "o1", reason: "credentials" }),
      expect.objectContaining({ message: "stuck", gateway: "https://enos.example", reason: "unreachable" }),
      expect.objectContaining({
        level: "INFO",
        message: "recovered",
        orgId: "o1",
        since: "2026-11-24T00:00:00.000Z",
      }),
    ]);
    for (const line of lines) expect(line).not.toHaveProperty("fingerprint");
    for (let time = 0; time < 100; time++) {
      observer.stuck({ ...record, scope: "org", id: `o${time}`, reason: "credentials" });
    }
    expect(lines.length).toBeLessThan(10);
  });

  it("includes a watermark ahead of the clock, five times", () => {
    const { lines, observer } = observe();
    for (let time = 0; time < 8; time++) observer.clockAhead(3, 480);
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatchObject({ level: "ERROR", shard: 3, seconds: 480 });
  });

  it("includes unreadable items, with only their key, five times", () => {
    const { lines, observer } = observe();
    for (let time = 0; time < 8; time++) observer.unreadable(3, { pk: "o1", sk: "x", secret: 1 } as never);
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatchObject({ level: "ERROR", shard: 3, pk: "o1", sk: "x" });
    expect(lines[0]).not.toHaveProperty("secret");
  });
});

it("a sweep's figures are metrics, and its summary is one log line", () => {
  const lines = printed();
  const summary: SweepSummary = {
    ...emptySummary(),
    checked: 7,
    published: 3,
    durationMs: 1500,
    finished: { succeeded: 2, abandoned: 1 },
    failed: { timeout: 4, publish: 5, internal: 6 },
    stuck: { credentials: 2, "address-refused": 1 },
    behind: { credentials: 2, busy: 3 },
  };
  reportSweep(openTelemetry({ STAGE: "dev" }), summary);
  const known = Object.fromEntries(Object.entries(summary).filter(([, value]) => value !== null));
  expect(messages(lines)).toEqual([expect.objectContaining({ level: "INFO", message: "sweep", ...known })]);
  const [figures, ...rest] = lines.filter(isMetric);
  expect(figures).toMatchObject({ Checked: 7, Published: 3, SweepDuration: 1500 });
  // What is nothing, or not known, is no figure: an alarm would take it for a zero.
  expect(figures).not.toHaveProperty("Unreadable");
  expect(figures).not.toHaveProperty("WatermarkLag");
  expect(figures).not.toHaveProperty("AnsweringLag");
  expect(rest).toEqual([
    expect.objectContaining({ reason: "credentials", Stuck: 2 }),
    expect.objectContaining({ reason: "address-refused", Stuck: 1 }),
    expect.objectContaining({ reason: "credentials", Behind: 2 }),
    expect.objectContaining({ reason: "busy", Behind: 3 }),
    expect.objectContaining({ state: "succeeded", Finished: 2 }),
    expect.objectContaining({ state: "abandoned", Finished: 1 }),
    expect.objectContaining({ kind: "timeout", UpstreamErrors: 4 }),
    expect.objectContaining({ kind: "publish", OwnErrors: 5 }),
    expect.objectContaining({ kind: "internal", OwnErrors: 6 }),
  ]);
});

it("a batch of hints is one log line, with their outcomes beside what the checks did", () => {
  const lines = printed();
  const summary: SweepSummary = { ...emptySummary(), checked: 4, published: 2, failed: { timeout: 1 } };
  reportHints(openTelemetry({ STAGE: "dev" }), summary, [
    { outcome: "ended", sinceMs: 100 },
    { outcome: "ended", sinceMs: 200 },
    { outcome: "failed", sinceMs: 300 },
    { outcome: "unreadable", sinceMs: 400 },
  ]);
  expect(messages(lines)).toEqual([
    expect.objectContaining({
      message: "hints",
      outcomes: { ended: 2, failed: 1, unreadable: 1 },
      checked: 4,
      published: 2,
      failed: { timeout: 1 },
      ended: "done",
    }),
  ]);
});
