import { describe, expect, it } from "vitest";
import { checkNames, DEPLOYER_SETTINGS } from "../../infra/deployer-settings.ts";
import { type Deployment, deployment } from "../../infra/deployment.ts";
import { ROUTES } from "../../lib/http/routes.ts";

const ISSUER = "https://login.example.com/";

/** What a local run has in its environment. */
const LOCAL = {
  ENOS_API_BASE_URL: "http://127.0.0.1:4000",
  TRACKED_TASKS_TABLE: "tasks",
  EVENTS_TOPIC_ARN: "arn:aws:sns:eu-central-1:000000000000:events",
};

describe("the authorizer", () => {
  it("is IAM if there is no issuer", () => {
    for (const env of [{}, { JWT_ISSUER: "", JWT_AUDIENCE: "" }]) {
      const { authorizers, routes } = deployment(env, "package");
      expect(authorizers).toEqual({});
      expect(new Set(authorizersOf(routes))).toEqual(new Set([{ type: "aws_iam" }]));
    }
  });

  it("is for JWTs if there are an issuer and an audience", () => {
    const { authorizers, routes } = deployment(
      { JWT_ISSUER: ISSUER, JWT_AUDIENCE: "downloads, machine-7" },
      "package",
    );
    expect(new Set(authorizersOf(routes))).toEqual(new Set([{ name: "jwt" }]));
    expect(authorizers).toEqual({
      jwt: {
        type: "jwt",
        identitySource: "$request.header.Authorization",
        issuerUrl: ISSUER,
        audience: ["downloads", "machine-7"],
      },
    });
  });

  it.each([
    [{ JWT_ISSUER: ISSUER }, /JWT_AUDIENCE is missing/],
    [{ JWT_AUDIENCE: "downloads" }, /JWT_ISSUER is missing/],
    [{ JWT_ISSUER: ISSUER, JWT_AUDIENCE: "downloads,," }, /JWT_AUDIENCE has an empty value/],
    [{ JWT_ISSUER: ISSUER, JWT_AUDIENCE: "downloads,downloads" }, /JWT_AUDIENCE lists a value twice/],
    [{ JWT_ISSUER: "login.example.com", JWT_AUDIENCE: "downloads" }, /JWT_ISSUER must be an https URL/],
  ])("refuses %o", (env, message) => {
    expect(() => deployment(env, "package")).toThrow(message);
  });
});

const authorizersOf = (routes: Deployment["routes"]) =>
  Object.values(routes)
    .flat()
    .filter(({ httpApi: { method, path } }) => `${method} ${path}` !== ROUTES.callback)
    .map(({ httpApi }) => httpApi.authorizer);

describe("the routes", () => {
  const pathsOf = (env: NodeJS.ProcessEnv) =>
    deployment(env, "package").routes.track.map(({ httpApi: { method, path } }) => `${method} ${path}`);

  it("have the organisation in the query, and again in the path", () => {
    const paths = pathsOf({});
    const inPath = paths.filter((path) => path.includes(" /organisations/{orgId}/"));
    const inQuery = paths.filter((path) => !inPath.includes(path));
    expect(inQuery).toContain("GET /tracked-tasks");
    expect(inPath.sort()).toEqual(inQuery.map((path) => path.replace(" ", " /organisations/{orgId}")).sort());
  });

  it("have it only in the path, on request", () => {
    const paths = pathsOf({ ORGANISATION_PATHS_ONLY: "true" });
    expect(paths).toHaveLength(pathsOf({}).length / 2);
    for (const path of paths) expect(path).toMatch(/^[A-Z]+ \/organisations\/\{orgId\}\//);
  });
});

describe("the address of EnOS", () => {
  it("may be missing in a package, but not in a deployment", () => {
    expect(deployment({}, "package").enosApiBaseUrl).not.toHaveProperty("Default");
    expect(() => deployment({}, "deploy")).toThrow(/^ENOS_API_BASE_URL is missing/);
  });

  it("is the default of the stack's parameter, which accepts it", () => {
    const { Default, AllowedPattern } = deployment(
      { ENOS_API_BASE_URL: "https://apim-ppe1.example.com/" },
      "deploy",
    ).enosApiBaseUrl;
    expect(Default).toBe("https://apim-ppe1.example.com");
    expect(Default).toMatch(new RegExp(AllowedPattern ?? ""));
  });

  it("may use plain http on a listed host, which the stack's parameter accepts", () => {
    const env = { ENOS_API_BASE_URL: "http://apim.corp:8080", ENOS_HTTP_HOSTS: "apim.corp,[fd12::7]" };
    const { Default, AllowedPattern = "" } = deployment(env, "deploy").enosApiBaseUrl;
    const pattern = new RegExp(AllowedPattern);
    for (const url of [Default, "http://apim.corp", "http://[fd12::7]:80/", "https://apim.example"]) {
      expect(url).toMatch(pattern);
    }
    for (const url of ["http://apimxcorp", "http://apim.corp.example", "http://127.0.0.1", "https://a/b"]) {
      expect(url).not.toMatch(pattern);
    }
  });

  it.each([
    ["http://apim.example.com", "must be https (http on hosts of ENOS_HTTP_HOSTS only)"],
    ["https://apim.example.com/path", "must be an https origin without a path"],
    ["http://127.0.0.1:8080", "must not be on loopback"],
    ["https://127.0.0.1", "must not be on loopback"],
    ["apim", "must be an https origin without a path"],
  ])("is not %s", (address, problem) => {
    expect(() => deployment({ ENOS_API_BASE_URL: address }, "deploy")).toThrow(
      `ENOS_API_BASE_URL ${problem}`,
    );
  });
});

describe("the schedule", () => {
  const schedulesOf = (env: NodeJS.ProcessEnv) =>
    Object.values(deployment(env, "package").sweepSchedules.Resources).map(
      (schedule) => (schedule as { Properties: Record<string, unknown> }).Properties,
    );

  it.each([
    ["5", "rate(1 minute)", { rounds: 12 }, 60],
    ["30", "rate(1 minute)", { rounds: 2 }, 60],
    ["60", "rate(1 minute)", {}, 60],
    ["300", "rate(5 minutes)", {}, 300],
    ["86400", "rate(1440 minutes)", {}, 21_600],
  ])("of %s seconds is %s, with %o", (seconds, rate, input, age) => {
    const env = { SWEEP_INTERVAL_SECONDS: seconds };
    const schedules = schedulesOf(env).map(({ ScheduleExpression, Target }) => [
      ScheduleExpression,
      JSON.parse((Target as { Input: string }).Input),
    ]);
    expect(schedules).toEqual([[rate, input]]);
    expect(deployment(env, "package").sweepMaximumEventAge).toBe(age);
  });

  it("starts the given number of sweeps, at least one", () => {
    expect(schedulesOf({ SWEEPERS: "3" })).toHaveLength(3);
    expect(() => deployment({ SWEEPERS: "0" }, "package")).toThrow(/SWEEPERS must be at least 1/);
    expect(() => deployment({ SWEEPERS: "5" }, "package")).toThrow(/SWEEPERS must be at most SWEEP_SHARDS/);
  });

  it("starts one sweeper at the start of its minute, and spreads the others over it", () => {
    const [first, ...others] = schedulesOf({ SWEEPERS: "60", SWEEP_SHARDS: "240" });
    expect(first?.FlexibleTimeWindow).toEqual({ Mode: "OFF" });
    for (const { FlexibleTimeWindow } of others) {
      expect(FlexibleTimeWindow).toEqual({ Mode: "FLEXIBLE", MaximumWindowInMinutes: 1 });
    }
  });

  it("is in serverless-offline's form in a local run, and only there", () => {
    const { sweepEvents } = deployment({ ...LOCAL, SWEEPERS: "2" }, "offline");
    expect(sweepEvents).toEqual(Array(2).fill({ schedule: { rate: ["rate(1 minute)"], input: {} } }));
    expect(deployment({}, "package").sweepEvents).toEqual([]);
  });

  it("has whole minutes, or rounds that divide a minute, except locally", () => {
    for (const seconds of ["90", "7", "45", "1"]) {
      expect(() => deployment({ SWEEP_INTERVAL_SECONDS: seconds }, "package")).toThrow(
        `SWEEP_INTERVAL_SECONDS must be 5, 10, 15, 20, 30 or a multiple of 60, not ${seconds}`,
      );
    }
    expect(
      deployment({ ...LOCAL, SWEEP_INTERVAL_SECONDS: "7" }, "offline").settings.SWEEP_INTERVAL_SECONDS,
    ).toBe(7);
  });
});

describe("an invalid setting", () => {
  // Any text is valid for these.
  const FREE_TEXT = ["JWT_ORG_CLAIM", "AWS_REGION"];

  it.each(DEPLOYER_SETTINGS.filter((name) => !FREE_TEXT.includes(name)))("%s is refused by name", (name) => {
    expect(() => deployment({ [name]: "not valid!" }, "package")).toThrow(name);
  });
});

describe("callbacks", () => {
  const ON = { CALLBACKS: "true" };

  it("are off by default", () => {
    const without = deployment({}, "package");
    expect([without.callbacks, without.environments.callback]).toEqual(["without", undefined]);
    const on = deployment(ON, "package");
    expect(on.callbacks).toBe("with");
    expect(on.environments.callback).toMatchObject({
      CALLBACK_BASE_URL: { "Fn::GetAtt": ["HttpApi", "ApiEndpoint"] },
      CALLBACK_KEY_SECRET: { Ref: "CallbackKey" },
      HINT_QUEUE_URL: { Ref: "HintQueue" },
    });
    expect(() => deployment({ CALLBACKS: "yes" }, "package")).toThrow("CALLBACKS must be true or false");
  });

  it("arrive at the deployer's domain, which EnOS can reach", () => {
    const url = "https://downloads.example.com/enos";
    const { environments } = deployment({ ...ON, CALLBACK_BASE_URL: url }, "package");
    expect(environments.callback?.CALLBACK_BASE_URL).toBe(url);
    for (const wrong of ["downloads.example.com", "http://downloads.example.com", `${url}?a=1`, "ftp://a"]) {
      expect(() => deployment({ ...ON, CALLBACK_BASE_URL: wrong }, "package")).toThrow(
        /^(Settings: )?CALLBACK_BASE_URL must be/,
      );
    }
    const local = { ...ON, CALLBACK_BASE_URL: "http://127.0.0.1:3000" };
    expect(() => deployment(local, "package")).toThrow("CALLBACK_BASE_URL must be https");
  });

  it.each(["e", "enos-download-status", "enos-download-status/", "enos-download-status/prod/"])(
    "keep their key from whoever may read secrets that begin with %s",
    (prefix) => {
      const env = { ENOS_SECRET_PREFIX: prefix };
      expect(() => deployment({ ...env, ...ON }, "package")).toThrow(/^ENOS_SECRET_PREFIX must not be/);
      expect(deployment(env, "package").callbacks).toBe("without");
    },
  );
});

describe("the environment of a function", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of osls
  const STAGE = "${sls:stage}";
  const TRACK = {
    ENOS_SECRET_PREFIX: "enos/",
    STAGE,
    SWEEP_SHARDS: "4",
    RETENTION_DAYS: "30",
    SWEEP_INTERVAL_SECONDS: "60",
    CHECK_INTERVAL_GROWTH_PERCENT: "11",
    CHECK_INTERVAL_MAX_SECONDS: "290",
    TRACKING_DEADLINE_DAYS: "7",
    JWT_ORG_CLAIM: "orgs",
    TRACKED_TASKS_TABLE: { Ref: "TrackedTasksTable" },
  };

  it("has its settings, with defaults, and references to the stack", () => {
    expect(deployment({ RETENTION_DAYS: "" }, "package").environments).toEqual({
      status: {
        STAGE,
        ENOS_API_BASE_URL: { Ref: "EnosApiBaseUrl" },
        ENOS_SECRET_PREFIX: "enos/",
        JWT_ORG_CLAIM: "orgs",
        MAX_WAIT_SECONDS: "25",
        SWEEP_INTERVAL_SECONDS: "60",
      },
      track: TRACK,
      sweep: {
        STAGE,
        ENOS_API_BASE_URL: { Ref: "EnosApiBaseUrl" },
        ENOS_SECRET_PREFIX: "enos/",
        SWEEP_INTERVAL_SECONDS: "60",
        CHECK_INTERVAL_GROWTH_PERCENT: "11",
        CHECK_INTERVAL_MAX_SECONDS: "290",
        SWEEP_SHARDS: "4",
        SWEEP_CONCURRENCY: "64",
        SWEEPERS: "1",
        ENOS_REQUESTS_PER_SECOND: "100",
        TRACKING_DEADLINE_DAYS: "7",
        RETENTION_DAYS: "30",
        TRACKED_TASKS_TABLE: { Ref: "TrackedTasksTable" },
        EVENTS_TOPIC_ARN: { Ref: "EventsTopic" },
      },
    });
  });

  it("contains the deployer's values", () => {
    const env = { SWEEP_SHARDS: "8", JWT_ISSUER: ISSUER, JWT_AUDIENCE: "downloads" };
    expect(deployment(env, "package").environments.track).toEqual({ ...TRACK, ...env });
    expect(() => deployment({ SWEEP_SHARDS: "many" }, "package")).toThrow(
      "SWEEP_SHARDS must be a whole number",
    );
  });

  it("has no references in a local run, where missing settings are named", () => {
    expect(deployment(LOCAL, "offline").environments.track).toEqual({
      ...TRACK,
      STAGE: "dev",
      TRACKED_TASKS_TABLE: "tasks",
    });
    expect(() => deployment({}, "offline")).toThrow("ENOS_API_BASE_URL is missing");
  });
});

describe("the timeout of a lookup", () => {
  it.each([
    ["0", 15],
    ["5", 20],
    ["14", 29],
    ["25", 29],
  ])("with waits of %s s is %d s", (MAX_WAIT_SECONDS, seconds) => {
    expect(deployment({ MAX_WAIT_SECONDS }, "package").lookupTimeout).toBe(seconds);
  });

  it("does not exceed the timeout of an HTTP API", () => {
    expect(() => deployment({ MAX_WAIT_SECONDS: "26" }, "package")).toThrow(
      "MAX_WAIT_SECONDS must be at most 25",
    );
  });
});

describe("the name of a function", () => {
  it("fits Lambda's limit", () => {
    const longest = "s".repeat(64);
    expect(() => checkNames([longest, "s"], "dev")).not.toThrow();
    expect(() => checkNames(["s", `${longest}ss`], "dev")).toThrow("STAGE dev is too long by 2");
  });
});

describe("the topic", () => {
  const topicOf = (env: NodeJS.ProcessEnv) => deployment(env, "package").topicProperties;

  it("has no name that could block a new stack, and is a FIFO topic on request", () => {
    expect(topicOf({})).toEqual({ KmsMasterKeyId: "alias/aws/sns" });
    expect(topicOf({ EVENTS_TOPIC_FIFO: "true" })).toEqual({
      KmsMasterKeyId: "alias/aws/sns",
      FifoTopic: true,
      FifoThroughputScope: "MessageGroup",
    });
    expect(() => topicOf({ EVENTS_TOPIC_FIFO: "yes" })).toThrow(/EVENTS_TOPIC_FIFO must be true or false/);
  });

  it("keeps its messages on request, if it can", () => {
    expect(topicOf({ EVENTS_TOPIC_FIFO: "true", EVENTS_ARCHIVE_DAYS: "30" })).toMatchObject({
      ArchivePolicy: { MessageRetentionPeriod: "30" },
    });
    expect(() => topicOf({ EVENTS_ARCHIVE_DAYS: "30" })).toThrow(
      "EVENTS_ARCHIVE_DAYS needs EVENTS_TOPIC_FIFO=true",
    );
  });

  it("is only for this account, or for the given ones", () => {
    expect(deployment({}, "package").topicStatements).toHaveLength(1);
    const { topicStatements } = deployment({ SUBSCRIBER_ACCOUNTS: "111111111111, 222222222222" }, "package");
    expect(topicStatements).toContainEqual({
      Sid: "SubscriberAccounts",
      Effect: "Allow",
      Principal: {
        AWS: ["111111111111", "222222222222"].map((account) => ({
          "Fn::Sub": `arn:\${AWS::Partition}:iam::${account}:root`,
        })),
      },
      Action: "sns:Subscribe",
      Resource: { Ref: "EventsTopic" },
    });
    for (const accounts of ["1234", "*", "111111111111,", "arn:aws:iam::111111111111:root"]) {
      expect(() => deployment({ SUBSCRIBER_ACCOUNTS: accounts }, "package")).toThrow(
        "SUBSCRIBER_ACCOUNTS must be account numbers of twelve digits",
      );
    }
  });
});

describe("the private CA", () => {
  it("is packaged with the functions that call EnOS, where the project has it", () => {
    const file = "test/examples/certificate/certificate.pem";
    const { enosFiles, environments } = deployment({ ENOS_CA_FILE: file }, "package");
    expect(enosFiles).toEqual([file]);
    expect(environments.sweep?.ENOS_CA_FILE).toBe(file);
    expect(environments.track).not.toHaveProperty("ENOS_CA_FILE");
    expect(deployment({}, "package").enosFiles).toEqual([]);
    // Whoever only asks needs no file for that.
    expect(deployment({ ENOS_CA_FILE: "stages/missing.pem" }, "ask").enosFiles).toEqual([]);
  });

  it.each([
    ["/etc/ssl/cert.pem", "must be the path of a file in this project"],
    ["../ca.pem", "must be the path of a file in this project"],
    ["stages/../ca.pem", "must be the path of a file in this project"],
    ["stages/*.pem", "must be the path of a file in this project"],
    ["stages/missing.pem", "cannot be read (ENOENT)"],
    ["package.json", "has no certificate in PEM"],
    ["test/examples/certificate/key.pem", "contains a private key"],
  ])("is not %s", (file, message) => {
    expect(() => deployment({ ENOS_CA_FILE: file }, "package")).toThrow(/^ENOS_CA_FILE /);
    expect(() => deployment({ ENOS_CA_FILE: file }, "package")).toThrow(message);
  });
});

describe("an account's rules", () => {
  const rulesOf = (env: NodeJS.ProcessEnv) => deployment(env, "package").accountRules;
  const VPC = { VPC_SUBNET_IDS: "subnet-0a1b2c3d, subnet-0a1b2c3e", VPC_SECURITY_GROUP_IDS: "sg-0a1b2c3d" };
  const KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

  it("are by default only that logs are kept for thirty days", () => {
    expect(rulesOf({})).toEqual({
      vpc: undefined,
      tracing: false,
      permissionsBoundary: undefined,
      tags: {},
      logRetentionDays: 30,
      keys: { secrets: undefined, events: undefined, table: undefined },
    });
  });

  it("follow the settings", () => {
    const boundary = "arn:aws:iam::123456789012:policy/boundaries/developers";
    const env = {
      ...VPC,
      TRACING: "true",
      PERMISSIONS_BOUNDARY_ARN: boundary,
      TAGS: "team=data platform,contact=a=b@example.com,empty=",
      LOG_RETENTION_DAYS: "365",
      SECRETS_KMS_KEY_ARN: KEY,
    };
    expect(rulesOf(env)).toEqual({
      vpc: { subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e"], securityGroupIds: ["sg-0a1b2c3d"] },
      tracing: true,
      permissionsBoundary: boundary,
      tags: { team: "data platform", contact: "a=b@example.com", empty: "" },
      logRetentionDays: 365,
      keys: { secrets: KEY, events: undefined, table: undefined },
    });
    expect(deployment(env, "package").stackTags).toEqual(rulesOf(env).tags);
  });

  it.each([
    [
      { VPC_SUBNET_IDS: VPC.VPC_SUBNET_IDS },
      "VPC_SECURITY_GROUP_IDS is missing, though VPC_SUBNET_IDS is set",
    ],
    [
      { VPC_SECURITY_GROUP_IDS: VPC.VPC_SECURITY_GROUP_IDS },
      "VPC_SUBNET_IDS is missing, though VPC_SECURITY_GROUP_IDS is set",
    ],
    [{ ...VPC, VPC_SUBNET_IDS: "vpc-0a1b2c3d" }, "VPC_SUBNET_IDS must be subnet ids"],
    [{ ...VPC, VPC_SECURITY_GROUP_IDS: "default" }, "VPC_SECURITY_GROUP_IDS must be security group ids"],
    [
      { ...VPC, VPC_SECURITY_GROUP_IDS: [1, 2, 3, 4, 5, 6].map((n) => `sg-0000000${n}`).join() },
      "VPC_SECURITY_GROUP_IDS must list at most 5 values",
    ],
    [{ TRACING: "yes" }, "TRACING must be true or false"],
    [{ PERMISSIONS_BOUNDARY_ARN: "developers" }, "PERMISSIONS_BOUNDARY_ARN must be the ARN of a policy"],
    [{ TAGS: "team" }, "TAGS must be name=value"],
    [{ TAGS: "team=a;b" }, "TAGS must be name=value"],
    [{ TAGS: "team=a,Team=b" }, "TAGS has a name twice"],
    [{ TAGS: "aws:team=a" }, "TAGS must not begin with aws:"],
    [{ LOG_RETENTION_DAYS: "31" }, "LOG_RETENTION_DAYS must be one of 1, 3, 5"],
    [{ SECRETS_KMS_KEY_ARN: "alias/secrets" }, "SECRETS_KMS_KEY_ARN must be the ARN of a key"],
    [
      { EVENTS_KMS_KEY_ARN: "arn:aws:kms:eu-central-1:123456789012:alias/events" },
      "EVENTS_KMS_KEY_ARN must be the ARN of a key, not of an alias",
    ],
    [
      { TABLE_KMS_KEY_ARN: KEY, AWS_REGION: "eu-west-1" },
      "TABLE_KMS_KEY_ARN must be a key in the stack's region, eu-west-1, not in eu-central-1",
    ],
  ])("is not %o", (env, message) => {
    expect(() => deployment(env, "package")).toThrow(message);
  });
});

it("reserve executions for lookups only on request", () => {
  expect(deployment({}, "package").statusConcurrency).toEqual({ Ref: "AWS::NoValue" });
  expect(deployment({ STATUS_CONCURRENCY: "20" }, "package").statusConcurrency).toBe(20);
});

it("notify nobody of an alarm unless asked to", () => {
  expect(deployment({}, "package").alarmActions).toEqual([]);
  const ALARM_TOPIC_ARN = "arn:aws:sns:eu-central-1:123456789012:ops";
  expect(deployment({ ALARM_TOPIC_ARN }, "package").alarmActions).toEqual([ALARM_TOPIC_ARN]);
});

it.each([
  // CloudWatch: "Invalid region eu-central-1 specified. Only eu-west-1 is supported."
  [
    "arn:aws:sns:eu-central-1:123456789012:ops",
    "must be a topic in the stack's region, eu-west-1, not in eu-central-1",
  ],
  ["arn:aws:sqs:eu-west-1:123456789012:ops", "must be the ARN of an SNS topic"],
  [
    "arn:aws:sns:eu-west-1:123456789012:ops:0a1b2c3d-12ab-34cd-56ef-1234567890ab",
    "must be the ARN of an SNS topic",
  ],
])("has no alarm told to %s", (ALARM_TOPIC_ARN, message) => {
  expect(() => deployment({ ALARM_TOPIC_ARN, AWS_REGION: "eu-west-1" }, "package")).toThrow(
    `ALARM_TOPIC_ARN ${message}`,
  );
});

it("refuse settings that together exceed Lambda's limit", () => {
  const many = (count: number, text: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => text(index)).join();
  const audience = (length: number) => ({
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: many(50, (index) => `${index}`.padEnd(length, "m")),
  });
  expect(() => deployment(audience(50), "package")).not.toThrow();
  expect(() => deployment(audience(80), "package")).toThrow(
    /^JWT_AUDIENCE is too long by \d+: the environment of the function status/,
  );
  const hosts = { ENOS_HTTP_HOSTS: many(50, (index) => `gateway-${index}.plants.example`.padEnd(50, "x")) };
  expect(() => deployment(hosts, "package")).not.toThrow();
  expect(() => deployment({ ...hosts, ...audience(50) }, "package")).toThrow(
    / is too long by \d+: the environment of the function status/,
  );
});

it("refuse a value that osls would read as a variable", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is the point
  const env = { JWT_ORG_CLAIM: "${env:HOME}" };
  expect(() => deployment(env, "package")).toThrow("JWT_ORG_CLAIM must not contain ${");
  expect(() => deployment({ JWT_ORG_CLAIM: "https://$claims/{orgs}" }, "package")).not.toThrow();
});
