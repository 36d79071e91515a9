/** A schedule of a local run, in the form that osls and serverless-offline expect. */
export interface ScheduleEvent {
  schedule: { rate: string[]; input: object };
}

/** By how much the start of a sweeper may be delayed to spread the load: no more than the shortest interval. */
const SPREAD_MINUTES = 1;

/**
 * Schedules of EventBridge Scheduler, by logical id. The first sweeper starts when its minute begins; the others
 * start at any time within it, since together they would cause a spike at the table, at EnOS and in the account's
 * executions.
 */
export function sweepSchedules(sweepers: number, intervalSeconds: number): Record<string, object> {
  const rounds = roundsIn(intervalSeconds);
  const schedules = Array.from({ length: sweepers }, (_, index) => [
    `SweepSchedule${index + 1}`,
    {
      Type: "AWS::Scheduler::Schedule",
      Properties: {
        Description: `Starts sweeper ${index + 1} of ${sweepers}`,
        GroupName: { Ref: "SweepSchedules" },
        ScheduleExpression: rate(intervalSeconds),
        FlexibleTimeWindow:
          index === 0 ? { Mode: "OFF" } : { Mode: "FLEXIBLE", MaximumWindowInMinutes: SPREAD_MINUTES },
        Target: {
          Arn: { "Fn::GetAtt": ["SweepLambdaFunction", "Arn"] },
          RoleArn: { "Fn::GetAtt": ["SweepScheduleRole", "Arn"] },
          Input: JSON.stringify(rounds > 1 ? { rounds } : {}),
          // After that the next sweep has started.
          RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 3 },
        },
      },
    },
  ]);
  return Object.fromEntries(schedules);
}

/** The same for serverless-offline, which does not support EventBridge Scheduler. */
export function localSchedules(sweepers: number, intervalSeconds: number): ScheduleEvent[] {
  return Array.from({ length: sweepers }, () => ({ schedule: { rate: [rate(intervalSeconds)], input: {} } }));
}

/** Whether an interval is valid: schedules count in minutes, and rounds must divide a minute. */
export function isInterval(seconds: number): boolean {
  return seconds % 60 === 0 || [5, 10, 15, 20, 30].includes(seconds);
}

/** The minutes between the starts of two sweeps. */
export function minutesOf(intervalSeconds: number): number {
  return Math.ceil(intervalSeconds / 60);
}

/** The lag above which the alarm goes off, in seconds. */
export function lagLimit(intervalSeconds: number): number {
  return Math.max(600, 5 * minutesOf(intervalSeconds) * 60);
}

/** The number of rounds in a sweep. */
function roundsIn(intervalSeconds: number): number {
  return Math.max(1, Math.floor(60 / intervalSeconds));
}

function rate(intervalSeconds: number): string {
  const minutes = minutesOf(intervalSeconds);
  return `rate(${minutes} ${minutes === 1 ? "minute" : "minutes"})`;
}
