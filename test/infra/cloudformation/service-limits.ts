/** A problem, or that there is none. */
type Found = string | false | undefined;

/** Takes the properties of a resource with every reference resolved. */
// biome-ignore lint/suspicious/noExplicitAny: they have the shape that CloudFormation's specification gives them
type Check = (properties: any) => Found[];

const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Names that Lambda keeps to itself. */
const RESERVED_VARIABLE =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_REGION|REGION|EXECUTION_ENV|ACCESS_KEY.*|SECRET_ACCESS_KEY|SESSION_TOKEN)|AWS_LAMBDA_.*|LAMBDA_.*|TZ)$/;

/**
 * What of one resource is too many, too long, too large or out of bounds, by its type. The limits are those of AWS's
 * pages of quotas and API references.
 */
export const SERVICE_LIMITS: Record<string, Check> = {
  "AWS::IAM::Role": ({
    RoleName,
    Description,
    AssumeRolePolicyDocument,
    Policies = [],
    ManagedPolicyArns = [],
  }) => [
    named(RoleName, /^[\w+=,.@-]{1,64}$/),
    atMost("characters of description", length(Description), 1000),
    atMost("characters in its trust policy", bytes(AssumeRolePolicyDocument), 2048),
    atMost(
      "characters in its policies",
      bytes(Policies.map((policy: { PolicyDocument: object }) => policy.PolicyDocument)),
      10_240,
    ),
    atMost("managed policies", ManagedPolicyArns.length, 10),
  ],
  "AWS::Lambda::Function": ({
    FunctionName,
    Description,
    Timeout,
    MemorySize,
    Environment,
    VpcConfig = {},
    Tags = [],
  }) => {
    const variables = Environment?.Variables ?? {};
    const { SubnetIds = [], SecurityGroupIds = [] } = VpcConfig;
    return [
      atMost("subnets", SubnetIds.length, 16),
      atMost("security groups", SecurityGroupIds.length, 5),
      SubnetIds.length > 0 !== SecurityGroupIds.length > 0 && "has subnets or security groups, not both",
      atMost("tags", Tags.length, 50),
      named(FunctionName, /^[\w-]{1,64}$/),
      atMost("characters of description", length(Description), 256),
      between("Timeout", Timeout, 1, 900),
      between("MemorySize", MemorySize, 128, 10_240),
      atMost("bytes of environment", bytes(variables), 4096),
      ...Object.keys(variables).map(
        (name) => RESERVED_VARIABLE.test(name) && `${name} is a name of Lambda's own`,
      ),
    ];
  },
  "AWS::Lambda::EventInvokeConfig": ({ MaximumEventAgeInSeconds, MaximumRetryAttempts }) => [
    between("MaximumEventAgeInSeconds", MaximumEventAgeInSeconds, 60, 21_600),
    between("MaximumRetryAttempts", MaximumRetryAttempts, 0, 2),
  ],
  "AWS::SNS::Topic": ({ TopicName, FifoTopic, FifoThroughputScope, ArchivePolicy }) => {
    return [
      named(TopicName, FifoTopic ? /^[\w-]{1,251}\.fifo$/ : /^[\w-]{1,256}$/),
      !FifoTopic && FifoThroughputScope !== undefined && "FifoThroughputScope is for FIFO topics",
      FifoThroughputScope !== undefined &&
        !["Topic", "MessageGroup"].includes(FifoThroughputScope) &&
        `FifoThroughputScope cannot be ${FifoThroughputScope}`,
      !FifoTopic && ArchivePolicy !== undefined && "ArchivePolicy is for FIFO topics",
      ArchivePolicy !== undefined &&
        between("MessageRetentionPeriod", Number(ArchivePolicy.MessageRetentionPeriod), 1, 365),
    ];
  },
  "AWS::SNS::TopicPolicy": ({ PolicyDocument }) => [atMost("bytes of policy", bytes(PolicyDocument), 30_720)],
  "AWS::SQS::Queue": ({ QueueName, MessageRetentionPeriod, VisibilityTimeout }) => [
    named(QueueName, /^[\w-]{1,80}$|^[\w-]{1,75}\.fifo$/),
    between("MessageRetentionPeriod", MessageRetentionPeriod, 60, 1_209_600),
    between("VisibilityTimeout", VisibilityTimeout, 0, 43_200),
  ],
  "AWS::SQS::QueuePolicy": ({ PolicyDocument }) => [atMost("bytes of policy", bytes(PolicyDocument), 8192)],
  "AWS::CloudWatch::Alarm": alarmProblems,
  "AWS::Logs::LogGroup": ({ LogGroupName, RetentionInDays }) => [
    named(LogGroupName, /^[\w/.#-]{1,512}$/),
    RetentionInDays !== undefined &&
      !RETENTION_DAYS.includes(RetentionInDays) &&
      `RetentionInDays cannot be ${RetentionInDays}`,
  ],
  "AWS::Scheduler::ScheduleGroup": ({ Name }) => [named(Name, /^[\w.-]{1,64}$/)],
  "AWS::Scheduler::Schedule": ({ Name, Description, ScheduleExpression, FlexibleTimeWindow, Target }) => {
    const { Mode, MaximumWindowInMinutes } = FlexibleTimeWindow ?? {};
    const { Input, RetryPolicy = {} } = Target ?? {};
    return [
      named(Name, /^[\w.-]{1,64}$/),
      atMost("characters of description", length(Description), 512),
      !/^rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)$/.test(ScheduleExpression) &&
        `ScheduleExpression cannot be ${ScheduleExpression}`,
      Mode === "OFF"
        ? MaximumWindowInMinutes !== undefined && "has a window that is off"
        : between("MaximumWindowInMinutes", MaximumWindowInMinutes ?? 0, 1, 1440),
      Input !== undefined && !isJson(Input) && "Input is no JSON",
      between("MaximumEventAgeInSeconds", RetryPolicy.MaximumEventAgeInSeconds, 60, 86_400),
      between("MaximumRetryAttempts", RetryPolicy.MaximumRetryAttempts, 0, 185),
    ];
  },
  "AWS::ApiGatewayV2::Api": ({ Name }) => [named(Name, /^.{1,128}$/)],
  "AWS::ApiGatewayV2::Route": ({ RouteKey }) => [
    !/^(GET|PUT|POST|DELETE|PATCH|HEAD|OPTIONS|ANY) (\/([\w.~-]+|\{[\w.-]+\}))+$/.test(RouteKey) &&
      `RouteKey cannot be ${RouteKey}`,
  ],
  "AWS::ApiGatewayV2::Authorizer": ({ JwtConfiguration }) => [
    atMost("audiences", JwtConfiguration?.Audience?.length ?? 0, 50),
  ],
  "AWS::ApiGatewayV2::Stage": ({ AccessLogSettings }) => [
    atMost("bytes of log format", length(AccessLogSettings?.Format), 3072),
  ],
  "AWS::DynamoDB::Table": tableProblems,
  "AWS::S3::Bucket": ({ BucketName }) => [named(BucketName, /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)],
};

interface Alarm {
  AlarmName?: string;
  AlarmDescription?: string;
  AlarmActions?: unknown[];
  OKActions?: unknown[];
  Period?: number;
  EvaluationPeriods: number;
  DatapointsToAlarm?: number;
  Dimensions?: unknown[];
  MetricName?: string;
  Metrics?: { Id: string; ReturnData?: boolean; MetricStat?: { Period: number } }[];
}

function alarmProblems(alarm: Alarm): Found[] {
  const { Metrics, MetricName, EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods } = alarm;
  const periods = Metrics
    ? Metrics.flatMap(({ MetricStat }) => MetricStat?.Period ?? [])
    : [alarm.Period ?? 0];
  return [
    named(alarm.AlarmName, /^.{1,255}$/),
    atMost("characters of description", length(alarm.AlarmDescription), 1024),
    atMost("actions", Math.max(alarm.AlarmActions?.length ?? 0, alarm.OKActions?.length ?? 0), 5),
    atMost("dimensions", alarm.Dimensions?.length ?? 0, 30),
    (MetricName === undefined) === (Metrics === undefined) && "has a metric and an expression, or neither",
    DatapointsToAlarm > EvaluationPeriods && "needs more data points than it looks at",
    Metrics !== undefined &&
      Metrics.filter(({ ReturnData = true }) => ReturnData).length !== 1 &&
      "must return one of its metrics",
    atMost("metrics", Metrics?.length ?? 0, 20),
    ...periods.flatMap((period) => [
      period % 60 !== 0 && ![10, 20, 30].includes(period) && `cannot look at periods of ${period} s`,
      // A week at most, and a day where a period is shorter than an hour.
      period * EvaluationPeriods > (period < 3600 ? 86_400 : 604_800) && "looks back too far",
    ]),
  ];
}

interface Table {
  AttributeDefinitions: { AttributeName: string }[];
  KeySchema: { AttributeName: string }[];
  GlobalSecondaryIndexes?: {
    KeySchema: { AttributeName: string }[];
    Projection: { NonKeyAttributes?: string[] };
  }[];
}

function tableProblems({ AttributeDefinitions, KeySchema, GlobalSecondaryIndexes = [] }: Table): Found[] {
  const keys = [...KeySchema, ...GlobalSecondaryIndexes.flatMap((index) => index.KeySchema)];
  const used = [...new Set(keys.map(({ AttributeName }) => AttributeName))].sort();
  const defined = AttributeDefinitions.map(({ AttributeName }) => AttributeName).sort();
  const projected = GlobalSecondaryIndexes.flatMap(({ Projection }) => Projection.NonKeyAttributes ?? []);
  return [
    used.join() !== defined.join() && `defines ${defined.join(", ")}, and its keys have ${used.join(", ")}`,
    atMost("indexes", GlobalSecondaryIndexes.length, 20),
    atMost("projected attributes", projected.length, 100),
    ...GlobalSecondaryIndexes.map(({ Projection }) =>
      atMost("projected attributes in an index", Projection.NonKeyAttributes?.length ?? 0, 20),
    ),
  ];
}

function named(name: unknown, pattern: RegExp): string | false {
  return name !== undefined && !pattern.test(String(name)) && `cannot be named ${name}`;
}

/** Whether there are more than may be. */
export function atMost(what: string, count: number, most: number): string | false {
  return count > most && `has ${count} ${what}, and may have ${most}`;
}

function between(name: string, value: unknown, least: number, most: number): string | false {
  if (value === undefined) return false;
  const fits = typeof value === "number" && value >= least && value <= most;
  return !fits && `${name} cannot be ${value}: from ${least} to ${most}`;
}

function length(text: unknown): number {
  return typeof text === "string" ? text.length : 0;
}

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The problems among what was looked for. */
export function truths(problems: Found[]): string[] {
  return problems.filter((problem) => typeof problem === "string");
}
