/** One value of a metric. */
interface Datum {
  at: number;
  /** Namespace, name and dimensions in one text. */
  metric: string;
  value: number;
}

interface Dimension {
  Name: string;
  Value: string;
}

/** A metric as an alarm names it. */
export interface MetricName {
  Namespace: string;
  MetricName: string;
  Dimensions: Dimension[];
}

type Statistic = "Sum" | "Maximum" | "Minimum" | "SampleCount";

/** The properties of an AWS::CloudWatch::Alarm, as far as the tests' alarms have them. */
export interface AlarmDefinition extends Partial<MetricName> {
  Statistic?: Statistic;
  /** Seconds. */
  Period?: number;
  Metrics?: {
    Id: string;
    ReturnData: boolean;
    Expression?: string;
    MetricStat?: { Metric: MetricName; Period: number; Stat: Statistic };
  }[];
  EvaluationPeriods: number;
  DatapointsToAlarm?: number;
  Threshold: number;
  ComparisonOperator: string;
  TreatMissingData: "breaching" | "notBreaching" | "ignore";
}

const STATISTICS: Record<Statistic, (values: number[]) => number> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
  SampleCount: (values) => values.length,
};

const COMPARISONS: Record<string, (value: number, threshold: number) => boolean> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
};

/**
 * The part of CloudWatch that decides whether an alarm is on: metrics in the embedded metric format, statistics over
 * periods, sums of filled metrics, and how an alarm treats periods without data.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
export class CloudWatch {
  readonly #data: Datum[] = [];

  /** Takes a line that a function printed, which may contain metrics. @param at Unix milliseconds */
  take(line: string, at: number): void {
    const printed = JSON.parse(line);
    for (const { Namespace, Dimensions, Metrics } of printed._aws?.CloudWatchMetrics ?? []) {
      for (const names of Dimensions as string[][]) {
        const dimensions = names.map((Name) => ({ Name, Value: String(printed[Name]) }));
        for (const { Name } of Metrics) {
          const metric = nameOf({ Namespace, MetricName: Name, Dimensions: dimensions });
          for (const value of [printed[Name]].flat()) this.#data.push({ at, metric, value });
        }
      }
    }
  }

  /** Every metric that was received, as {@link nameOf} names them. */
  get metrics(): ReadonlySet<string> {
    return new Set(this.#data.map(({ metric }) => metric));
  }

  /** Whether the alarm is on, given everything that was received up to a time. @param at Unix milliseconds */
  isOn(alarm: AlarmDefinition, at: number): boolean {
    const periodMs = periodOf(alarm) * 1000;
    const first = Math.min(at, ...this.#data.map((datum) => datum.at));
    const recent: (number | undefined)[] = [];
    let isOn = false;
    for (let from = Math.floor(first / periodMs) * periodMs; from + periodMs <= at; from += periodMs) {
      recent.push(this.#value(alarm, from, from + periodMs));
      const window = recent.slice(-alarm.EvaluationPeriods);
      if (window.length < alarm.EvaluationPeriods) continue;
      if (alarm.TreatMissingData === "ignore" && window.includes(undefined)) continue;
      isOn =
        window.filter((value) => isBreaching(alarm, value)).length >=
        (alarm.DatapointsToAlarm ?? window.length);
    }
    return isOn;
  }

  /** The value that the alarm evaluates, over one period; undefined without data. */
  #value(alarm: AlarmDefinition, from: number, to: number): number | undefined {
    if (!alarm.Metrics) {
      return this.#statistic(alarm as MetricName, alarm.Statistic as Statistic, from, to);
    }
    const values = new Map<string, number | undefined>();
    for (const { Id, MetricStat } of alarm.Metrics) {
      if (MetricStat) values.set(Id, this.#statistic(MetricStat.Metric, MetricStat.Stat, from, to));
    }
    const [returned, ...others] = alarm.Metrics.filter(({ ReturnData }) => ReturnData);
    if (others.length > 0 || returned?.Expression === undefined)
      throw new Error("an alarm returns one expression");
    return evaluate(returned.Expression, values);
  }

  #statistic(metric: MetricName, statistic: Statistic, from: number, to: number): number | undefined {
    const name = nameOf(metric);
    const values = this.#data.filter((datum) => datum.metric === name && datum.at >= from && datum.at < to);
    return values.length === 0 ? undefined : STATISTICS[statistic](values.map(({ value }) => value));
  }
}

/** Evaluates a sum of filled metrics; other expressions are not supported. */
function evaluate(expression: string, values: Map<string, number | undefined>): number {
  return expression.split("+").reduce((sum, term) => {
    const [, id = "", filler] = /^\s*FILL\((\w+),\s*(\d+)\)\s*$/.exec(term) ?? [];
    if (!values.has(id)) throw new Error(`cannot evaluate ${term} of ${expression}`);
    return sum + (values.get(id) ?? Number(filler));
  }, 0);
}

function isBreaching(
  { ComparisonOperator, Threshold, TreatMissingData }: AlarmDefinition,
  value?: number,
): boolean {
  const compare = COMPARISONS[ComparisonOperator];
  if (!compare) throw new Error(`cannot compare by ${ComparisonOperator}`);
  return value === undefined ? TreatMissingData === "breaching" : compare(value, Threshold);
}

function periodOf({ Period, Metrics = [] }: AlarmDefinition): number {
  const periods = new Set([Period, ...Metrics.map(({ MetricStat }) => MetricStat?.Period)].filter(Boolean));
  if (periods.size !== 1) throw new Error("an alarm has one period");
  return [...periods][0] as number;
}

/** Namespace, name and dimensions in one text. */
export function nameOf({ Namespace, MetricName, Dimensions }: MetricName): string {
  const dimensions = Dimensions.map(({ Name, Value }) => `${Name}=${Value}`).sort();
  return [Namespace, MetricName, ...dimensions].join(" ");
}
