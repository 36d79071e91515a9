import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { EnosError } from "./enos/errors.ts";
import type { OnFailure } from "./http/handler.ts";
import { errorName, SafeError } from "./safe-error.ts";
import { STUCK_REASONS } from "./store/health-store.ts";
import type { OnUnreadable } from "./store/task-store.ts";
import type { SweepObserver } from "./sweep/dependencies.ts";
import type { HintOutcome } from "./sweep/hints.ts";
import { count, OWN_ERRORS, type SweepSummary } from "./sweep/summary.ts";

const SERVICE = "enos-download-status";
const NAMESPACE = "EnosDownloadStatus";

/** How many cases of a kind a sweep logs, failures for each organisation and reason. The summary counts all of them. */
const LOGGED_PER_KIND = 5;
/** The most failures that a sweep logs, however many organisations fail. */
const MOST_FAILURES_LOGGED = 200;

const UNREADABLE = "unreadable table item";

/** Where logs and metrics go: CloudWatch, by way of standard output. */
export interface Telemetry {
  logger: Logger;
  metrics: Metrics;
}

/**
 * The logger and the metrics of this service.
 *
 * @param settings the stage is a dimension of every metric, since stacks of one account and region share the namespace
 */
export function openTelemetry({ STAGE }: { STAGE: string }): Telemetry {
  return {
    logger: new Logger({ serviceName: SERVICE }),
    metrics: new Metrics({
      namespace: NAMESPACE,
      serviceName: SERVICE,
      defaultDimensions: { stage: STAGE },
    }),
  };
}

/** Logs and counts requests that failed, unless it was the caller's fault. */
export function failureReporter({ logger, metrics }: Telemetry): OnFailure {
  return (error, { statusCode, code }, requestId) => {
    if (error instanceof EnosError) countErrors(metrics, "UpstreamErrors", error.kind, 1);
    if (statusCode < 500 && !(error instanceof EnosError)) return;
    logger.warn("request failed", { requestId, statusCode, code, ...describe(error) });
  };
}

/** Measures lookups, whether or not they succeed. */
export function lookupTimer({
  metrics,
}: Telemetry): <Answer>(lookup: () => Promise<Answer>) => Promise<Answer> {
  return async (lookup) => {
    const started = performance.now();
    try {
      return await lookup();
    } finally {
      // Not as a single metric, which would take ten times as long, at every lookup.
      metrics.addMetric("LookupDuration", MetricUnit.Milliseconds, performance.now() - started);
      metrics.publishStoredMetrics();
    }
  };
}

/** Logs and counts items of the table that a request skipped because they cannot be read. */
export function unreadableReporter({ logger, metrics }: Telemetry): OnUnreadable {
  return ({ pk, sk }) => {
    logger.error(UNREADABLE, { pk, sk });
    metrics.singleMetric().addMetric("Unreadable", MetricUnit.Count, 1);
  };
}

/** The log's name for what is stuck. */
const NAMES = { org: "orgId", origin: "gateway" } as const;

/**
 * What becomes of a callback: it is queued as a hint, its token is not ours, or it names no task. Callbacks are not
 * logged, since anybody who knows a URL could fill the log.
 */
export type CallbackOutcome = "taken" | "forged" | "malformed";

/** Counts callbacks. */
export function callbackReporter({ metrics }: Telemetry): (outcome: CallbackOutcome) => void {
  return (outcome) => {
    const [name, reason] = outcome === "taken" ? ["HintsTaken", undefined] : ["HintsRefused", outcome];
    const metric = metrics.singleMetric();
    if (reason) metric.addDimension("reason", reason);
    metric.addMetric(name, MetricUnit.Count, 1);
  };
}

/** Logs and counts requests that were accepted although it could not be verified that the organisation has a secret. */
export function unclearReporter({ logger, metrics }: Telemetry): (error: unknown) => void {
  return (error) => {
    logger.warn("secret cannot be looked up", describe(error));
    countErrors(metrics, "OwnErrors", "secret", 1);
  };
}

/** The outcome of a message in the queue of hints, and how long after it was sent, in milliseconds. */
export interface MeasuredHint {
  outcome: HintOutcome | "unreadable";
  sinceMs: number;
}

/** Logs and measures the outcomes of a batch of hints. */
export function reportHints(
  telemetry: Telemetry,
  summary: SweepSummary,
  hints: readonly MeasuredHint[],
): void {
  const { logger, metrics } = telemetry;
  const counts: Partial<Record<MeasuredHint["outcome"], number>> = {};
  for (const { outcome } of hints) count(counts, outcome);
  const { checked, published, failed, ended, durationMs } = summary;
  logger.info("hints", { outcomes: counts, checked, published, failed, ended, durationMs });
  metrics.addMetric("Checked", MetricUnit.Count, checked);
  metrics.addMetric("Published", MetricUnit.Count, published);
  metrics.addMetric("HintsEnded", MetricUnit.Count, counts.ended ?? 0);
  metrics.addMetric("HintsEarly", MetricUnit.Count, counts.open ?? 0);
  metrics.addMetric("HintsFailed", MetricUnit.Count, counts.failed ?? 0);
  for (const { outcome, sinceMs } of hints) {
    if (outcome === "ended") metrics.addMetric("HintToEvent", MetricUnit.Milliseconds, sinceMs);
  }
  metrics.publishStoredMetrics();
  reportOutcomes(telemetry, summary);
}

/** Logs what goes wrong in a sweep, a few cases of each kind. */
export function sweepObserver({ logger }: Telemetry): SweepObserver & { reset(): void } {
  const logged = new Map<string, number>();
  let failures = 0;
  const isNews = (kind: string) => {
    const times = (logged.get(kind) ?? 0) + 1;
    logged.set(kind, times);
    return times <= LOGGED_PER_KIND;
  };
  return {
    failed(reason, error, task) {
      if (failures > MOST_FAILURES_LOGGED || !isNews(`${reason} ${task?.orgId}`)) return;
      if (++failures > MOST_FAILURES_LOGGED) {
        logger.warn("further failures are not logged", { logged: MOST_FAILURES_LOGGED });
        return;
      }
      const { orgId, channelId, taskId } = task ?? {};
      logger.warn("check failed", { reason, orgId, channelId, taskId, ...describe(error) });
    },
    stuck({ scope, id, reason }) {
      if (isNews(`stuck ${scope} ${reason}`)) logger.warn("stuck", { [NAMES[scope]]: id, reason });
    },
    recovered({ scope, id, reason, since }) {
      if (!isNews(`recovered ${scope} ${reason}`)) return;
      logger.info("recovered", { [NAMES[scope]]: id, reason, since: new Date(since).toISOString() });
    },
    clockAhead(shard, seconds) {
      if (isNews("clock ahead")) logger.error("watermark ahead of the clock", { shard, seconds });
    },
    unreadable(shard, { pk, sk }) {
      if (isNews("unreadable")) logger.error(UNREADABLE, { shard, pk, sk });
    },
    reset() {
      logged.clear();
      failures = 0;
    },
  };
}

/** Logs a sweep's summary, and measures it in CloudWatch's embedded metric format. */
export function reportSweep(telemetry: Telemetry, summary: SweepSummary): void {
  const { logger, metrics } = telemetry;
  logger.info("sweep", { ...summary });
  metrics.addMetric("Checked", MetricUnit.Count, summary.checked);
  metrics.addMetric("Published", MetricUnit.Count, summary.published);
  if (summary.unreadable > 0) metrics.addMetric("Unreadable", MetricUnit.Count, summary.unreadable);
  metrics.addMetric("SweepDuration", MetricUnit.Milliseconds, summary.durationMs);
  if (summary.watermarkLagSeconds !== null) {
    metrics.addMetric("WatermarkLag", MetricUnit.Seconds, summary.watermarkLagSeconds);
  }
  if (summary.answeringLagSeconds !== null) {
    metrics.addMetric("AnsweringLag", MetricUnit.Seconds, summary.answeringLagSeconds);
  }
  if (summary.openTasks !== null) metrics.addMetric("OpenTasks", MetricUnit.Count, summary.openTasks);
  metrics.publishStoredMetrics();
  for (const reason of STUCK_REASONS) {
    const times = summary.stuck[reason];
    if (times)
      metrics.singleMetric().addDimension("reason", reason).addMetric("Stuck", MetricUnit.Count, times);
  }
  for (const [reason, times] of Object.entries(summary.behind)) {
    metrics.singleMetric().addDimension("reason", reason).addMetric("Behind", MetricUnit.Count, times);
  }
  reportOutcomes(telemetry, summary);
}

function reportOutcomes({ metrics }: Telemetry, summary: SweepSummary): void {
  for (const [state, times] of Object.entries(summary.finished)) {
    metrics.singleMetric().addDimension("state", state).addMetric("Finished", MetricUnit.Count, times);
  }
  for (const [reason, times] of Object.entries(summary.failed)) {
    countErrors(metrics, OUR_OWN.has(reason) ? "OwnErrors" : "UpstreamErrors", reason, times);
  }
}

const OUR_OWN: ReadonlySet<string> = new Set(OWN_ERRORS);

function countErrors(
  metrics: Metrics,
  name: "OwnErrors" | "UpstreamErrors",
  kind: string,
  times: number,
): void {
  metrics.singleMetric().addDimension("kind", kind).addMetric(name, MetricUnit.Count, times);
}

/** What may be logged of an error: everything of our own errors; of others only the name and the places in the code. */
function describe(error: unknown): Record<string, unknown> {
  if (error instanceof EnosError) return { error: error.message, kind: error.kind, enosCode: error.code };
  if (error instanceof SafeError) return { error: error.message };
  if (!(error instanceof Error)) return { error: "unknown" };
  return { error: errorName(error), stack: framesOf(error) };
}

/** The first frames of a stack, without the message in front of them, which may have lines that look like frames. */
function framesOf({ message, stack }: Error): string[] | undefined {
  const at = stack?.indexOf(message) ?? -1;
  if (at < 0) return undefined;
  const frames = stack?.slice(at + message.length).split("\n") ?? [];
  return frames.slice(1, 6);
}
