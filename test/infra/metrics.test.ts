import { beforeAll, describe, expect, it } from "vitest";
import { dashboard } from "../../infra/dashboard.ts";
import { EnosError, type EnosErrorKind } from "../../lib/enos/errors.ts";
import type { StuckReason } from "../../lib/store/health-store.ts";
import type { HintOutcome } from "../../lib/sweep/hints.ts";
import { type BehindReason, emptySummary, type FailureReason } from "../../lib/sweep/summary.ts";
import { TERMINAL_STATES } from "../../lib/tasks/state.ts";
import {
  type CallbackOutcome,
  callbackReporter,
  failureReporter,
  lookupTimer,
  openTelemetry,
  reportHints,
  reportSweep,
  unclearReporter,
  unreadableReporter,
} from "../../lib/telemetry.ts";
import { CloudWatch, type MetricName, nameOf } from "../support/cloudwatch.ts";
import { printedBy } from "../support/printed.ts";
import { packagedTemplate, resolve, resourcesOf, SURROUNDINGS, type Template } from "./template.ts";

// Alarms and dashboard name metrics as text, and a wrong text is a line that is never there.

const OF_ENOS: Record<EnosErrorKind, number> = {
  "token-expired": 1,
  credentials: 1,
  "address-refused": 1,
  rejected: 1,
  throttled: 1,
  upstream: 1,
  malformed: 1,
  timeout: 1,
  unreachable: 1,
};
const FAILED: Record<FailureReason, number> = {
  ...OF_ENOS,
  "unknown-organisation": 1,
  secret: 1,
  publish: 1,
  read: 1,
  write: 1,
  internal: 1,
};
const STUCK: Record<StuckReason, number> = {
  unreachable: 1,
  credentials: 1,
  "address-refused": 1,
  throttled: 1,
  "unknown-organisation": 1,
  secret: 1,
};
const BEHIND: Record<BehindReason, number> = { ...STUCK, busy: 1 };
const FINISHED = Object.fromEntries(TERMINAL_STATES.map((state) => [state, 1]));
const HINTED: Record<HintOutcome, true> = { ended: true, open: true, nothing: true, failed: true };
const CALLBACKS: Record<CallbackOutcome, true> = { taken: true, forged: true, malformed: true };

/** Everything that the code can print, whatever happens to it. */
async function emitted(): Promise<ReadonlySet<string>> {
  const summary = {
    ...emptySummary(),
    unreadable: 1,
    watermarkLagSeconds: 1,
    answeringLagSeconds: 1,
    openTasks: 1,
    finished: FINISHED,
    failed: FAILED,
    stuck: STUCK,
    behind: BEHIND,
  };
  const cloudWatch = new CloudWatch();
  const lines = await printedBy(async () => {
    const telemetry = openTelemetry({ STAGE: "dev" });
    telemetry.logger.setLogLevel("SILENT");
    reportSweep(telemetry, summary);
    const outcomes = Object.keys(HINTED) as HintOutcome[];
    reportHints(
      telemetry,
      summary,
      outcomes.map((outcome) => ({ outcome, sinceMs: 1 })),
    );
    for (const outcome of Object.keys(CALLBACKS)) callbackReporter(telemetry)(outcome as CallbackOutcome);
    for (const kind of Object.keys(OF_ENOS)) {
      const error = new EnosError(kind as EnosErrorKind, "it failed");
      failureReporter(telemetry)(error, { statusCode: 502, code: 99502, msg: "" }, "r");
    }
    unreadableReporter(telemetry)({ pk: "o1", sk: "x" });
    unclearReporter(telemetry)(new Error("x"));
    await lookupTimer(telemetry)(async () => {});
  });
  for (const line of lines) cloudWatch.take(line, 0);
  return cloudWatch.metrics;
}

let template: Template;
let emittedMetrics: ReadonlySet<string>;
beforeAll(async () => {
  [template, emittedMetrics] = await Promise.all([packagedTemplate(), emitted()]);
});

interface Widget {
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  properties: { title: string; metrics?: (string | object)[][]; alarms?: string[] };
}

/** The dashboard as CloudWatch would get it. */
function widgets(): Widget[] {
  const [[, found] = []] = resourcesOf(template, "AWS::CloudWatch::Dashboard");
  return JSON.parse(String(resolve(template, found?.Properties.DashboardBody, SURROUNDINGS))).widgets;
}

const onDashboard = (): MetricName[] =>
  widgets().flatMap(({ properties }) => (properties.metrics ?? []).map(metricOf));

/** A metric as a widget writes it: namespace, name, dimensions' names and values, and how it is drawn. */
function metricOf(line: (string | object)[]): MetricName {
  const [Namespace = "", MetricName = "", ...rest] = line.filter((part) => typeof part === "string");
  const Dimensions = rest.flatMap((Name, index) =>
    index % 2 === 0 ? [{ Name, Value: rest[index + 1] ?? "" }] : [],
  );
  return { Namespace, MetricName, Dimensions };
}

function inAlarms(): MetricName[] {
  return resourcesOf(template, "AWS::CloudWatch::Alarm").flatMap(([, { Properties }]) => {
    const { Metrics, ...single } = resolve(template, Properties, SURROUNDINGS) as {
      Metrics?: { MetricStat?: { Metric: MetricName } }[];
    } & MetricName;
    return Metrics ? Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []) : [single];
  });
}

const isOurs = ({ Namespace }: MetricName) => Namespace === "EnosDownloadStatus";

describe("a metric of ours", () => {
  it("that an alarm or the dashboard names is emitted by the code with those dimensions", () => {
    for (const named of [inAlarms(), onDashboard()]) {
      const ours = named.filter(isOurs).map(nameOf);
      expect(ours.length).toBeGreaterThan(10);
      expect(ours.filter((metric) => !emittedMetrics.has(metric))).toEqual([]);
    }
  });

  it("that the code emits is on the dashboard", () => {
    const shown = new Set(onDashboard().map(nameOf));
    expect([...emittedMetrics].filter((metric) => !shown.has(metric))).toEqual([]);
  });
});

/** Those of AWS, with their dimensions, as its documentation has them, and where the dimension's value comes from. */
const OF_AWS: Record<string, { metrics: string[]; dimension: string; type: string; name: string }> = {
  "AWS/Lambda": {
    metrics: ["Errors"],
    dimension: "FunctionName",
    type: "AWS::Lambda::Function",
    name: "FunctionName",
  },
  "AWS/ApiGateway": {
    metrics: ["Count", "4xx", "5xx"],
    dimension: "ApiId",
    type: "AWS::ApiGatewayV2::Api",
    name: "",
  },
  "AWS/SQS": {
    metrics: ["ApproximateNumberOfMessagesVisible"],
    dimension: "QueueName",
    type: "AWS::SQS::Queue",
    name: "QueueName",
  },
  "AWS/SNS": {
    metrics: ["NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"],
    dimension: "TopicName",
    type: "AWS::SNS::Topic",
    name: "TopicName",
  },
};

it("a metric of AWS exists, and is of a resource in the stack", () => {
  for (const { Namespace, MetricName, Dimensions } of [...inAlarms(), ...onDashboard()]) {
    if (Namespace === "EnosDownloadStatus") continue;
    const known = OF_AWS[Namespace];
    expect(known?.metrics, Namespace).toContain(MetricName);
    expect(Dimensions.map(({ Name }) => Name)).toEqual([known?.dimension]);
    const names = resourcesOf(template, known?.type ?? "").map(
      // One without a name of its own is called by its logical id here.
      ([id, { Properties }]) => resolve(template, Properties[known?.name ?? ""], SURROUNDINGS) ?? id,
    );
    expect(names).toContain(Dimensions[0]?.Value);
  }
});

describe("the dashboard", () => {
  it("shows every alarm of the stack", () => {
    const shown = widgets().flatMap(({ properties }) => properties.alarms ?? []);
    const alarms = resourcesOf(template, "AWS::CloudWatch::Alarm").map(
      ([, { Properties }]) =>
        `arn:aws:cloudwatch:eu-central-1:123456789012:alarm:${resolve(template, Properties.AlarmName, SURROUNDINGS)}`,
    );
    expect(shown.sort()).toEqual(alarms.sort());
  });

  it("has its widgets side by side, each with a title of its own", () => {
    const cells = widgets().flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, index) => {
        const column = x + (index % width);
        expect(column).toBeLessThan(24);
        return `${column} ${y + Math.floor(index / width)}`;
      }),
    );
    expect(new Set(cells).size).toBe(cells.length);
    const titles = widgets().map(({ properties }) => properties.title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it("has no callback widgets without callbacks", () => {
    const settings = { sweepPeriod: 60, lagLimit: 600 };
    const [without, all] = [false, true].map((CALLBACKS) =>
      JSON.stringify(dashboard({ ...settings, CALLBACKS })),
    );
    expect(all).toMatch(/HintsTaken/);
    expect(without).not.toMatch(/hint|callback/i);
  });
});
