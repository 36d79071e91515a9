import { describe, expect, it } from "vitest";
import { checkNames, deployment } from "../../infra/deployment.ts";

const ISSUER = "https://login.example.com/";

/** What a local run has in its environment. */
const LOCAL = {
  ENOS_API_BASE_URL: "http://127.0.0.1:4000",
  TRACKED_TASKS_TABLE: "tasks",
  EVENTS_TOPIC_ARN: "arn:aws:sns:eu-central-1:000000000000:events",
};

describe("the authorizer", () => {
  it("is IAM when there is no issuer", () => {
    for (const env of [{}, { JWT_ISSUER: "", JWT_AUDIENCE: "" }]) {
      const { authorizers, routeAuthorizer } = deployment(env, "package");
      expect(authorizers).toEqual({});
      expect(routeAuthorizer).toEqual({ type: "aws_iam" });
    }
  });

  it("is the issuer's when there are an issuer and an audience", () => {
    const { authorizers, routeAuthorizer } = deployment(
      { JWT_ISSUER: ISSUER, JWT_AUDIENCE: "downloads" },
      "package",
    );
    expect(routeAuthorizer).toEqual({ name: "jwt" });
    expect(authorizers).toEqual({
      jwt: {
        type: "jwt",
        identitySource: "$request.header.Authorization",
        issuerUrl: ISSUER,
        audience: ["downloads"],
      },
    });
  });

  it.each([
    [{ JWT_ISSUER: ISSUER }, /JWT_AUDIENCE is missing/],
    [{ JWT_AUDIENCE: "downloads" }, /JWT_ISSUER is missing/],
    [{ JWT_ISSUER: "login.example.com", JWT_AUDIENCE: "downloads" }, /JWT_ISSUER must be an https URL/],
  ])("refuses %o", (env, message) => {
    expect(() => deployment(env, "package")).toThrow(message);
  });
});

describe("the address of EnOS", () => {
  it("may be missing in a package, but not in a deployment", () => {
    expect(deployment({}, "package").enosApiBaseUrl).not.toHaveProperty("Default");
    expect(() => deployment({}, "deploy")).toThrow(/^ENOS_API_BASE_URL is missing/);
  });

  it("is the default of the stack's parameter, which takes it", () => {
    const { Default, AllowedPattern } = deployment(
      { ENOS_API_BASE_URL: "https://apim-ppe1.example.com/" },
      "deploy",
    ).enosApiBaseUrl;
    expect(Default).toBe("https://apim-ppe1.example.com");
    expect(Default).toMatch(new RegExp(AllowedPattern ?? ""));
  });

  it.each(["http://apim.example.com", "https://apim.example.com/path", "http://127.0.0.1:8080", "apim"])(
    "is not %s",
    (address) => {
      expect(() => deployment({ ENOS_API_BASE_URL: address }, "deploy")).toThrow(/ENOS_API_BASE_URL/);
    },
  );
});

describe("the schedule", () => {
  it.each([
    ["60", "rate(1 minute)", 60],
    ["300", "rate(5 minutes)", 300],
    ["86400", "rate(1440 minutes)", 21_600],
  ])("of %s seconds is %s", (seconds, rate, age) => {
    const { sweepSchedules, sweepMaximumEventAge } = deployment(
      { SWEEP_INTERVAL_SECONDS: seconds },
      "package",
    );
    expect(sweepSchedules).toEqual([{ schedule: { rate: [rate], input: {} } }]);
    expect(sweepMaximumEventAge).toBe(age);
  });

  it("starts as many sweeps as it is told to, and refuses none at all", () => {
    expect(deployment({ SWEEPERS: "3" }, "package").sweepSchedules).toHaveLength(3);
    expect(() => deployment({ SWEEPERS: "0" }, "package")).toThrow(/SWEEPERS must be at least 1/);
    expect(() => deployment({ SWEEPERS: "5" }, "package")).toThrow(/SWEEPERS must be at most SWEEP_SHARDS/);
  });

  it("counts in whole minutes, except locally", () => {
    expect(() => deployment({ SWEEP_INTERVAL_SECONDS: "90" }, "package")).toThrow(
      /^SWEEP_INTERVAL_SECONDS must be a multiple of 60/,
    );
    expect(
      deployment({ ...LOCAL, SWEEP_INTERVAL_SECONDS: "5" }, "offline").settings.SWEEP_INTERVAL_SECONDS,
    ).toBe(5);
  });
});

describe("the environment of a function", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of osls
  const STAGE = "${sls:stage}";
  const TRACK = {
    STAGE,
    SWEEP_SHARDS: "4",
    JWT_ORG_CLAIM: "orgs",
    TRACKED_TASKS_TABLE: { Ref: "TrackedTasksTable" },
  };

  it("is its settings, with their defaults, and references to what the stack has", () => {
    expect(deployment({ RETENTION_DAYS: "" }, "package").environments).toEqual({
      status: {
        STAGE,
        ENOS_API_BASE_URL: { Ref: "EnosApiBaseUrl" },
        ENOS_SECRET_PREFIX: "enos/",
        JWT_ORG_CLAIM: "orgs",
      },
      track: TRACK,
      sweep: {
        STAGE,
        ENOS_API_BASE_URL: { Ref: "EnosApiBaseUrl" },
        ENOS_SECRET_PREFIX: "enos/",
        SWEEP_INTERVAL_SECONDS: "60",
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

  it("follows the deployer", () => {
    const env = { SWEEP_SHARDS: "8", JWT_ISSUER: ISSUER, JWT_AUDIENCE: "downloads" };
    expect(deployment(env, "package").environments.track).toEqual({ ...TRACK, ...env });
    expect(() => deployment({ SWEEP_SHARDS: "many" }, "package")).toThrow(
      "SWEEP_SHARDS must be a whole number",
    );
  });

  it("has no references in a local run, which names what is missing", () => {
    expect(deployment(LOCAL, "offline").environments.track).toEqual({
      ...TRACK,
      STAGE: "dev",
      TRACKED_TASKS_TABLE: "tasks",
    });
    expect(() => deployment({}, "offline")).toThrow("ENOS_API_BASE_URL is missing");
  });
});

describe("the name of a function", () => {
  it("fits Lambda's limit", () => {
    const longest = "s".repeat(64);
    expect(() => checkNames([longest, "s"], "dev")).not.toThrow();
    expect(() => checkNames(["s", `${longest}ss`], "dev")).toThrow("STAGE dev is too long by 2");
  });
});

it("makes the topic a FIFO topic on demand, and tells nobody of an alarm unless asked", () => {
  expect(deployment({}, "package")).toMatchObject({ topicSuffix: "", alarmActions: [] });
  const env = { EVENTS_TOPIC_FIFO: "true", ALARM_TOPIC_ARN: "arn:aws:sns:eu-central-1:123456789012:ops" };
  expect(deployment(env, "package")).toMatchObject({
    topicSuffix: ".fifo",
    fifoTopic: true,
    alarmActions: [env.ALARM_TOPIC_ARN],
  });
  expect(() => deployment({ EVENTS_TOPIC_FIFO: "yes" }, "package")).toThrow(
    /EVENTS_TOPIC_FIFO must be true or false/,
  );
});
