import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runOsls } from "../../local/package.ts";
import { packagedTemplate, resourcesOf, type Template } from "./template.ts";

const TEMPORARY = join(import.meta.dirname, "../../.tmp");
let folder: string;
beforeAll(async () => {
  await mkdir(TEMPORARY, { recursive: true });
  folder = await mkdtemp(join(TEMPORARY, "packaging-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("packaged with every choice made", () => {
  const CHOICES = {
    ENOS_API_BASE_URL: "https://apim-ppe1.example.com",
    JWT_ISSUER: "https://login.example.com/",
    JWT_AUDIENCE: "downloads,machine-7",
    SWEEP_INTERVAL_SECONDS: "300",
    EVENTS_TOPIC_FIFO: "true",
    ALARM_TOPIC_ARN: "arn:aws:sns:eu-central-1:123456789012:ops",
  };
  let template: Template;
  let files: string[];
  beforeAll(async () => {
    const { code, output, artefacts } = await runOsls(folder, CHOICES, "package");
    expect(output).toContain("Service packaged");
    expect(code).toBe(0);
    template = await packagedTemplate(artefacts);
    files = await readdir(artefacts);
  });

  it("makes one artefact for each function", () => {
    expect(files.filter((file) => file.endsWith(".zip")).sort()).toEqual([
      "status.zip",
      "sweep.zip",
      "track.zip",
    ]);
  });

  it("has nothing of callbacks, which were not asked for", () => {
    const found = Object.keys(template.Resources).filter((id) => /callback|hint/i.test(id));
    expect(found).toEqual([]);
  });

  it("lets callers in with the issuer's tokens only", () => {
    const [[authorizerId, authorizer] = [], ...others] = resourcesOf(
      template,
      "AWS::ApiGatewayV2::Authorizer",
    );
    expect(others).toEqual([]);
    expect(authorizer?.Properties).toMatchObject({
      AuthorizerType: "JWT",
      IdentitySource: ["$request.header.Authorization"],
      JwtConfiguration: { Issuer: CHOICES.JWT_ISSUER, Audience: ["downloads", "machine-7"] },
    });
    const routes = resourcesOf(template, "AWS::ApiGatewayV2::Route");
    expect(routes).toHaveLength(12);
    for (const [, { Properties }] of routes) {
      expect(Properties).toMatchObject({ AuthorizationType: "JWT", AuthorizerId: { Ref: authorizerId } });
    }
  });

  it("tells the functions of it", () => {
    for (const id of ["StatusLambdaFunction", "TrackLambdaFunction"]) {
      expect(template.Resources[id]?.Properties.Environment.Variables).toMatchObject({
        JWT_ISSUER: CHOICES.JWT_ISSUER,
        JWT_AUDIENCE: CHOICES.JWT_AUDIENCE,
      });
    }
  });

  it("still has no CORS, and is throttled", () => {
    for (const [, { Properties }] of resourcesOf(template, "AWS::ApiGatewayV2::Api")) {
      expect(Properties).not.toHaveProperty("CorsConfiguration");
    }
    for (const [, { Properties }] of resourcesOf(template, "AWS::ApiGatewayV2::Stage")) {
      expect(Properties.DefaultRouteSettings.ThrottlingRateLimit).toBeGreaterThan(0);
    }
  });

  it("follows the other choices", () => {
    expect(template.Parameters.EnosApiBaseUrl?.Default).toBe(CHOICES.ENOS_API_BASE_URL);
    expect(template.Resources.EventsTopic?.Properties).toMatchObject({ FifoTopic: true });
    const [[, schedule] = []] = resourcesOf(template, "AWS::Scheduler::Schedule");
    expect(schedule?.Properties.ScheduleExpression).toBe("rate(5 minutes)");
    for (const [, { Properties }] of resourcesOf(template, "AWS::CloudWatch::Alarm")) {
      expect(Properties.AlarmActions).toEqual([CHOICES.ALARM_TOPIC_ARN]);
    }
  });
});

describe("stops with the name of what is missing or wrong", () => {
  it.each([
    ["package", { SWEEPERS: "5" }, "SWEEPERS must be at most SWEEP_SHARDS"],
    ["package", { STAGE: "s".repeat(37) }, "is too long by 1"],
    ["package", { JWT_ISSUER: "https://login.example.com/" }, "JWT_AUDIENCE is missing"],
    ["deploy", {}, "ENOS_API_BASE_URL is missing"],
  ])("osls %s with %o", async (command, env, message) => {
    const { code, output } = await runOsls(folder, env, command);
    expect(output).toContain(message);
    expect(code).not.toBe(0);
  });
});
