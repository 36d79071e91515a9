/** What starts sweeps locally, as osls and serverless-offline want it. */
export interface ScheduleEvent {
  schedule: { rate: string[]; input: object };
}

/** How long a sweeper's start may be put off to spread them: no longer than the shortest interval. */
const SPREAD_MINUTES = 1;

/**
 * Schedules of EventBridge Scheduler, by logical id. The first sweeper starts when its minute begins; the others
 * start at any time within it, since together they would be one rush on the table, on EnOS and on the account's
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
          // Later than that the next one has come.
          RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 3 },
        },
      },
    },
  ]);
  return Object.fromEntries(schedules);
}

/** The same for serverless-offline, which knows no EventBridge Scheduler. */
export function localSchedules(sweepers: number, intervalSeconds: number): ScheduleEvent[] {
  return Array.from({ length: sweepers }, () => ({ schedule: { rate: [rate(intervalSeconds)], input: {} } }));
}

/** What a sweep's interval may be: a schedule counts in minutes, and rounds divide one of them. */
export function isInterval(seconds: number): boolean {
  return seconds % 60 === 0 || [5, 10, 15, 20, 30].includes(seconds);
}

/** The minutes from one start of a sweep to the next. */
export function minutesOf(intervalSeconds: number): number {
  return Math.ceil(intervalSeconds / 60);
}

/** How far behind sweeps may be before somebody has to look, in seconds. */
export function lagLimit(intervalSeconds: number): number {
  return Math.max(600, 5 * minutesOf(intervalSeconds) * 60);
}

/** How many rounds a sweep makes until the next one starts. */
function roundsIn(intervalSeconds: number): number {
  return Math.max(1, Math.floor(60 / intervalSeconds));
}

function rate(intervalSeconds: number): string {
  const minutes = minutesOf(intervalSeconds);
  return `rate(${minutes} ${minutes === 1 ? "minute" : "minutes"})`;
}
