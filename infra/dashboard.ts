import { STUCK_REASONS } from "../lib/store/health-store.ts";
import { type BehindReason, type FailureReason, OWN_ERRORS } from "../lib/sweep/summary.ts";
import { TERMINAL_STATES } from "../lib/tasks/state.ts";
import type { CallbackOutcome } from "../lib/telemetry.ts";

/** Parameters of the dashboard. */
export interface DashboardSettings {
  CALLBACKS: boolean;
  /** A period of one sweep, in seconds. */
  sweepPeriod: number;
  /** The lag above which the alarm goes off, in seconds. */
  lagLimit: number;
}

/** A metric in a graph. */
interface Line {
  /** Namespace, name, and alternating names and values of the dimensions. */
  metric: string[];
  /** A statistic of CloudWatch's, such as `Sum` or `p99`. */
  stat: string;
  label: string;
}

type Widget = { type: string; width: number; height: number; properties: Record<string, unknown> };

const UPSTREAM: Record<Exclude<FailureReason, (typeof OWN_ERRORS)[number]>, true> = {
  unreachable: true,
  timeout: true,
  upstream: true,
  malformed: true,
  throttled: true,
  credentials: true,
  "token-expired": true,
  "address-refused": true,
  rejected: true,
  "unknown-organisation": true,
};
const BEHIND: readonly BehindReason[] = ["busy", ...STUCK_REASONS];
const REFUSED: readonly Exclude<CallbackOutcome, "taken">[] = ["forged", "malformed"];

/** The alarms, by the ends of their names; some exist only with callbacks. */
const ALARMS = [
  "sweep-failing",
  "sweep-missing",
  "watermark-lag",
  "organisations-stuck",
  "credentials-refused",
  "address-refused",
  "answers-unusable",
  "own-errors",
  "api-errors",
  "notifications-failed",
  "sweep-dead-letters",
];
const HINT_ALARMS = ["hint-dead-letters"];

/** Three graphs in a row: a dashboard is 24 wide. */
const WIDTH = 8;
const HEIGHT = 6;

// CloudFormation replaces `${…}`, and osls the stage.
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: see above
const REGION = "${AWS::Region}";
const NAME = "enos-download-status-${sls:stage}";
const OWN = ["service", "enos-download-status", "stage", "${sls:stage}"];
const ALARM_ARNS = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm";
const API = ["ApiId", "${HttpApi}"];
const TOPIC = ["TopicName", "${EventsTopic.TopicName}"];
const SWEEP_DEAD_LETTERS = ["QueueName", "${SweepDeadLetters.QueueName}"];
const HINTS = ["QueueName", "${HintQueue.QueueName}"];
const HINT_DEAD_LETTERS = ["QueueName", "${HintDeadLetters.QueueName}"];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above

/**
 * The body of the dashboard, from what callers see to possible causes.
 *
 * @returns a value in which CloudFormation inserts the names of resources
 */
export function dashboard({ CALLBACKS, sweepPeriod, lagLimit }: DashboardSettings): { "Fn::Sub": string } {
  const graph = (title: string, lines: Line[], options: object = {}): Widget => ({
    type: "metric",
    width: WIDTH,
    height: HEIGHT,
    properties: {
      title,
      region: REGION,
      view: "timeSeries",
      period: sweepPeriod,
      yAxis: { left: { min: 0, showUnits: false } },
      metrics: lines.map(({ metric, stat, label }) => [...metric, { stat, label }]),
      ...options,
    },
  });
  const stacked = { stacked: true };
  const queues = CALLBACKS ? [SWEEP_DEAD_LETTERS, HINT_DEAD_LETTERS] : [SWEEP_DEAD_LETTERS];
  const functions = ["status", "track", "sweep", ...(CALLBACKS ? ["callback", "hint"] : [])];
  const widgets: Widget[] = [
    alarms(CALLBACKS ? [...ALARMS, ...HINT_ALARMS] : ALARMS),
    graph("Lookups", [own("LookupDuration", "SampleCount", "lookups that do not wait")]),
    graph(
      "Latency of lookups, in milliseconds",
      ["p50", "p90", "p99"].map((stat) => own("LookupDuration", stat, stat)),
    ),
    graph("Answers of the API", [
      aws("AWS/ApiGateway", "Count", API, "Sum", "all"),
      aws("AWS/ApiGateway", "4xx", API, "Sum", "4xx"),
      aws("AWS/ApiGateway", "5xx", API, "Sum", "5xx"),
    ]),
    graph("Open tasks", [own("OpenTasks", "Maximum", "open")]),
    graph("Checks", [
      own("Checked", "Sum", "checks that EnOS answered"),
      own("Published", "Sum", "events published"),
    ]),
    graph("Ends of tasks, by state", by("Finished", "state", TERMINAL_STATES, "Sum"), stacked),
    graph("Duration of sweeps, in milliseconds", [
      own("SweepDuration", "Average", "average"),
      own("SweepDuration", "Maximum", "longest"),
    ]),
    graph(
      "Lag, in seconds",
      [
        own("WatermarkLag", "Maximum", "of all"),
        own("AnsweringLag", "Maximum", "of organisations that answer"),
      ],
      { annotations: { horizontal: [{ label: "alarm", value: lagLimit }] } },
    ),
    graph("Organisations behind, by reason", by("Behind", "reason", BEHIND, "Maximum"), stacked),
    graph(
      "Organisations and gateways stuck, by reason",
      by("Stuck", "reason", STUCK_REASONS, "Maximum"),
      stacked,
    ),
    graph("Errors of EnOS, by kind", by("UpstreamErrors", "kind", Object.keys(UPSTREAM), "Sum"), stacked),
    graph("Errors of our own, by kind", by("OwnErrors", "kind", OWN_ERRORS, "Sum"), stacked),
    graph(
      "Failed invocations",
      functions.map((name) => aws("AWS/Lambda", "Errors", ["FunctionName", `${NAME}-${name}`], "Sum", name)),
      stacked,
    ),
    graph(
      "Dead letters",
      queues.map((queue) =>
        aws(
          "AWS/SQS",
          "ApproximateNumberOfMessagesVisible",
          queue,
          "Maximum",
          queue === SWEEP_DEAD_LETTERS ? "sweeps" : "hints",
        ),
      ),
    ),
    graph("Notifications", [
      aws("AWS/SNS", "NumberOfNotificationsDelivered", TOPIC, "Sum", "delivered"),
      aws("AWS/SNS", "NumberOfNotificationsFailed", TOPIC, "Sum", "not delivered"),
    ]),
    graph("Unreadable table items", [own("Unreadable", "Sum", "skipped")]),
    ...(CALLBACKS
      ? [
          graph("Callbacks", [
            own("HintsTaken", "Sum", "taken"),
            ...by("HintsRefused", "reason", REFUSED, "Sum"),
          ]),
          graph("Hints", [
            own("HintsEnded", "Sum", "the task had ended"),
            own("HintsEarly", "Sum", "the task goes on"),
            own("HintsFailed", "Sum", "could not be checked"),
            aws("AWS/SQS", "ApproximateNumberOfMessagesVisible", HINTS, "Maximum", "in the queue"),
          ]),
          graph(
            "From a callback to its event, in milliseconds",
            ["p50", "p99"].map((stat) => own("HintToEvent", stat, stat)),
          ),
        ]
      : []),
  ];
  return { "Fn::Sub": JSON.stringify({ widgets: placed(widgets) }) };
}

function alarms(names: string[]): Widget {
  return {
    type: "alarm",
    width: 3 * WIDTH,
    height: 4,
    properties: { title: "Alarms", alarms: names.map((name) => `${ALARM_ARNS}:${NAME}-${name}`) },
  };
}

function own(name: string, stat: string, label: string): Line {
  return { metric: ["EnosDownloadStatus", name, ...OWN], stat, label };
}

/** A line for each value of an additional dimension of one of our metrics. */
function by(name: string, dimension: string, values: readonly string[], stat: string): Line[] {
  return values.map((value) => ({
    metric: ["EnosDownloadStatus", name, ...OWN, dimension, value],
    stat,
    label: value,
  }));
}

function aws(namespace: string, name: string, dimension: string[], stat: string, label: string): Line {
  return { metric: [namespace, name, ...dimension], stat, label };
}

/** Arranges the widgets in rows. */
function placed(widgets: Widget[]): object[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return widgets.map((widget) => {
    if (x + widget.width > 3 * WIDTH) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const place = { x, y };
    x += widget.width;
    rowHeight = Math.max(rowHeight, widget.height);
    return { ...place, ...widget };
  });
}
