import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyAccountRules } from "../../infra/account.ts";
import { GUARDED, IRREPLACEABLE } from "../../infra/changes.ts";
import { DEPLOYER_SETTINGS } from "../../infra/deployer-settings.ts";
import { deployment } from "../../infra/deployment.ts";
import { FUNCTIONS, settingsOf } from "../../lib/settings.ts";
import { runOsls } from "../../local/package.ts";
import { Authority } from "../support/certificate.ts";
import { type AlarmDefinition, CloudWatch, type MetricName } from "../support/cloudwatch.ts";
import { type Place, surroundingsOf } from "./cloudformation/limits.ts";
import { replacingProperties } from "./cloudformation/specification.ts";
import { validate } from "./cloudformation/validate.ts";
import { packagedTemplate, resolve, resourcesOf, SURROUNDINGS, type Template } from "./template.ts";

const PLACES: Omit<Place, "stack">[] = [
  { partition: "aws", region: "eu-central-1" },
  { partition: "aws-cn", region: "cn-northwest-1" },
  { partition: "aws-us-gov", region: "us-gov-west-1" },
];

/** Every setting that a deployment may change without being told to, at another value than its default. */
const FREE: Record<string, string> = {
  ENOS_API_BASE_URL: "https://apim.example.com",
  ENOS_SECRET_PREFIX: "energy/enos/",
  MAX_WAIT_SECONDS: "10",
  SWEEP_INTERVAL_SECONDS: "120",
  CHECK_INTERVAL_GROWTH_PERCENT: "20",
  CHECK_INTERVAL_MAX_SECONDS: "900",
  SWEEP_SHARDS: "240",
  SWEEP_CONCURRENCY: "256",
  SWEEPERS: "60",
  ENOS_REQUESTS_PER_SECOND: "25",
  TRACKING_DEADLINE_DAYS: "14",
  RETENTION_DAYS: "90",
  CALLBACKS: "true",
  CALLBACK_BASE_URL: "https://downloads.example.com",
  API_REQUESTS_PER_SECOND: "400",
  API_BURST: "800",
  STATUS_CONCURRENCY: "50",
  SUBSCRIBER_ACCOUNTS: Array.from({ length: 50 }, (_, index) => String(111_111_111_111 + index)).join(),
  ENOS_HTTP_HOSTS: "apim.corp.example,10.1.2.3",
  ENOS_CA_FILE: "infra/private-ca.pem",
  VPC_SUBNET_IDS: Array.from({ length: 16 }, (_, index) => `subnet-0a1b2c3d4e5f6a7${index + 10}`).join(),
  VPC_SECURITY_GROUP_IDS: Array.from({ length: 5 }, (_, index) => `sg-0a1b2c3d4e5f6a7b${index}`).join(),
  SECRETS_KMS_KEY_ARN: "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
  EVENTS_KMS_KEY_ARN: "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ac",
  TABLE_KMS_KEY_ARN: "arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ad",
  PERMISSIONS_BOUNDARY_ARN: "arn:aws:iam::123456789012:policy/boundaries/developers",
  TAGS: Array.from({ length: 40 }, (_, index) => `company.example/tag-${index}=value ${index}`).join(),
  TRACING: "true",
  LOG_RETENTION_DAYS: "3653",
  LOG_LEVEL: "DEBUG",
};
const authority = new Authority("Example Company Root");
/** Those that cannot go with the others. */
const APART = ["EVENTS_ARCHIVE_DAYS", "ALARM_TOPIC_ARN", "AWS_REGION"];

/** Everything that has to be accepted, with as long a stage as there may be. */
const DRASTIC: Record<string, string> = {
  STAGE: "s".repeat(34),
  AWS_REGION: "cn-northwest-1",
  CALLBACKS: "true",
  JWT_ISSUER: "https://login.example.cn/",
  JWT_AUDIENCE: Array.from({ length: 50 }, (_, index) => `machine-${index}`).join(),
  JWT_ORG_CLAIM: "https://example.cn/orgs",
  ORGANISATION_PATHS_ONLY: "true",
  EVENTS_TOPIC_FIFO: "true",
  EVENTS_ARCHIVE_DAYS: "365",
  ALARM_TOPIC_ARN: "arn:aws-cn:sns:cn-northwest-1:123456789012:ops",
  SWEEP_INTERVAL_SECONDS: "86400",
};

const templates: Record<string, Template> = {};
const folders: Record<string, string> = {};
const folder = join(import.meta.dirname, "../../.tmp");
let temporary: string;

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  temporary = await mkdtemp(join(folder, "variants-"));
  templates.defaults = await packagedTemplate();
  const variants: Record<string, Record<string, string>> = {
    free: FREE,
    drastic: DRASTIC,
    qa: { STAGE: "qa", CALLBACKS: "true" },
  };
  for (const [name, env] of Object.entries(variants)) {
    const files = env.ENOS_CA_FILE ? { [env.ENOS_CA_FILE]: authority.pem } : {};
    const { code, output, artefacts } = await runOsls(temporary, env, "package", files);
    expect(code, output).toBe(0);
    templates[name] = await packagedTemplate(artefacts);
    folders[name] = artefacts;
  }
}, 240_000);
afterAll(() => rm(temporary, { recursive: true, force: true }));

const variant = (name: string): Template => {
  const template = templates[name];
  if (!template) throw new Error(`there is no variant ${name}`);
  return template;
};

describe.each(["defaults", "free", "drastic", "qa"])("the template of the variant %s", (name) => {
  it.each(PLACES)("would be taken in $region", (place) => {
    const settings: Record<string, string> = { free: FREE, drastic: DRASTIC }[name] ?? {};
    // What the deployer has of its own is of one partition.
    const own = Object.values(settings).filter((value) => value.startsWith("arn:"));
    const foreign = own.filter((arn) => !arn.startsWith(`arn:${place.partition}:`));
    const stack = `enos-download-status-${settings.STAGE ?? "dev"}`;
    const problems = validate(variant(name), { ...place, stack });
    expect(problems.filter((problem) => !foreign.some((arn) => problem.includes(arn)))).toEqual([]);
  });
});

it("every setting is in a variant", () => {
  const known = new Set([...Object.keys(FREE), ...Object.keys(GUARDED), ...APART]);
  expect([...known].sort()).toEqual([...DEPLOYER_SETTINGS].sort());
  for (const name of [...Object.keys(GUARDED), ...APART]) expect(DRASTIC).toHaveProperty(name);
});

it("sixty sweepers are started by sixty schedules, with one role", () => {
  const schedules = resourcesOf(variant("free"), "AWS::Scheduler::Schedule");
  expect(schedules).toHaveLength(60);
  const roles = schedules.map(([, { Properties }]) => JSON.stringify(Properties.Target.RoleArn));
  expect(new Set(roles)).toEqual(new Set(['{"Fn::GetAtt":["SweepScheduleRole","Arn"]}']));
});

it("an account's rules apply to the whole deployment", () => {
  const template = structuredClone(variant("free"));
  applyAccountRules(template, deployment({ ...FREE, ENOS_CA_FILE: "" }, "package").accountRules);
  // Once more changes nothing but the policies of the roles, which have it twice then.
  const others = ({ Resources }: Template) =>
    Object.entries(Resources).filter(([, { Type }]) => Type !== "AWS::IAM::Role");
  expect(others(template)).toEqual(others(variant("free")));
  for (const [id, { Properties }] of resourcesOf(variant("free"), "AWS::IAM::Role")) {
    expect(Properties.PermissionsBoundary, id).toBe(FREE.PERMISSIONS_BOUNDARY_ARN);
  }
});

it("the private CA is in the functions that call EnOS, where they read it", () => {
  const inZip = (name: string) =>
    unzipSync(readFileSync(join(folders.free ?? "", `${name}.zip`)))[FREE.ENOS_CA_FILE ?? ""];
  for (const name of FUNCTIONS) {
    const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}LambdaFunction`;
    const { Variables = {} } = variant("free").Resources[id]?.Properties.Environment ?? {};
    expect(Variables.ENOS_CA_FILE, name).toBe(
      "ENOS_CA_FILE" in settingsOf(name) ? FREE.ENOS_CA_FILE : undefined,
    );
    const content = inZip(name);
    expect(content && Buffer.from(content).toString(), name).toBe(Variables.ENOS_CA_FILE && authority.pem);
  }
});

describe.each(["defaults", "free", "drastic"])("however far apart sweeps are in the variant %s", (name) => {
  const MINUTE = 60_000;

  it("an alarm on any metric of the functions goes on, and stays on while the metric is reported", () => {
    const alarms = resourcesOf(variant(name), "AWS::CloudWatch::Alarm").flatMap(([id, { Properties }]) => {
      const alarm = resolve(variant(name), Properties, SURROUNDINGS) as AlarmDefinition;
      const { Metric } = alarm.Metrics?.find(({ MetricStat }) => MetricStat)?.MetricStat ?? {};
      return Metric?.Namespace === "EnosDownloadStatus" ? [{ id, alarm, metric: Metric }] : [];
    });
    expect(alarms.length).toBeGreaterThan(3);
    const [[, schedule] = []] = resourcesOf(variant(name), "AWS::Scheduler::Schedule");
    const [minutes] = /\d+/.exec(schedule?.Properties.ScheduleExpression) ?? [];
    const intervalMs = Number(minutes) * MINUTE;
    const cloudWatch = new CloudWatch();
    // Now and then later: one minute may have two of them, and the next none.
    const sweeps = Array.from(
      { length: 40 },
      (_, index) => index * intervalMs + (index % 3 === 2 ? 45_000 : 20_000),
    );
    for (const at of sweeps) {
      for (const { metric } of alarms) cloudWatch.take(told(metric), at);
    }
    for (const at of sweeps.slice(20)) {
      for (const { id, alarm } of alarms) {
        for (const later of [MINUTE, intervalMs / 2, intervalMs]) {
          if (at + later > (sweeps.at(-1) ?? 0)) continue;
          expect({ id, isOn: cloudWatch.isOn(alarm, at + later) }).toEqual({ id, isOn: true });
        }
      }
    }
  });

  /** What a sweep prints of a metric, as large as it takes. */
  function told({ Namespace, MetricName, Dimensions }: MetricName): string {
    return JSON.stringify({
      _aws: {
        CloudWatchMetrics: [
          { Namespace, Dimensions: [Dimensions.map(({ Name }) => Name)], Metrics: [{ Name: MetricName }] },
        ],
      },
      ...Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value])),
      [MetricName]: 5,
    });
  }
});

describe("with an issuer's tokens", () => {
  const drastic = () => variant("drastic");

  it("only callers with a token are admitted, and EnOS's callbacks as before", () => {
    const [[authorizerId, authorizer] = [], ...others] = resourcesOf(
      drastic(),
      "AWS::ApiGatewayV2::Authorizer",
    );
    expect(others).toEqual([]);
    expect(authorizer?.Properties).toMatchObject({
      AuthorizerType: "JWT",
      IdentitySource: ["$request.header.Authorization"],
      JwtConfiguration: { Issuer: DRASTIC.JWT_ISSUER, Audience: DRASTIC.JWT_AUDIENCE?.split(",") },
    });
    const routes = resourcesOf(drastic(), "AWS::ApiGatewayV2::Route").map(([, { Properties }]) => Properties);
    const open = routes.filter(({ AuthorizationType }) => AuthorizationType !== "JWT");
    expect(open.map(({ RouteKey }) => RouteKey)).toEqual(["POST /callbacks/{token}"]);
    expect(routes.length).toBeGreaterThan(5);
    for (const route of routes) {
      if (!open.includes(route)) expect(route.AuthorizerId).toEqual({ Ref: authorizerId });
    }
  });

  it("the functions have the settings for them", () => {
    const { JWT_ISSUER, JWT_AUDIENCE, JWT_ORG_CLAIM } = DRASTIC;
    for (const id of ["StatusLambdaFunction", "TrackLambdaFunction"]) {
      const { Variables } = drastic().Resources[id]?.Properties.Environment ?? {};
      expect(Variables, id).toMatchObject({ JWT_ISSUER, JWT_AUDIENCE, JWT_ORG_CLAIM });
    }
  });

  it("the API still has no CORS, and is throttled", () => {
    for (const [, { Properties }] of resourcesOf(drastic(), "AWS::ApiGatewayV2::Api")) {
      expect(Properties).not.toHaveProperty("CorsConfiguration");
    }
    for (const [, { Properties }] of resourcesOf(drastic(), "AWS::ApiGatewayV2::Stage")) {
      expect(Properties.DefaultRouteSettings.ThrottlingRateLimit).toBeGreaterThan(0);
    }
  });
});

it("other choices are followed", () => {
  expect(variant("free").Parameters.EnosApiBaseUrl?.Default).toBe(FREE.ENOS_API_BASE_URL);
  expect(variant("drastic").Resources.EventsTopic?.Properties).toMatchObject({ FifoTopic: true });
  const [[, schedule] = []] = resourcesOf(variant("drastic"), "AWS::Scheduler::Schedule");
  expect(schedule?.Properties.ScheduleExpression).toBe("rate(1440 minutes)");
  for (const [, { Properties }] of resourcesOf(variant("drastic"), "AWS::CloudWatch::Alarm")) {
    expect(Properties.AlarmActions).toEqual([DRASTIC.ALARM_TOPIC_ARN]);
  }
});

describe("a setting that may change without acceptance", () => {
  it("replaces nothing that others rely on", () => {
    const [before, after] = [variant("defaults"), variant("free")];
    for (const id of Object.keys(IRREPLACEABLE)) {
      const [old, next] = [before.Resources[id], after.Resources[id]];
      expect(next?.Type, id).toBe(old?.Type);
      for (const property of replacingProperties(old?.Type ?? "")) {
        expect(next?.Properties[property], `${id}.${property}`).toEqual(old?.Properties[property]);
      }
    }
  });

  it("does not change which callers are admitted", () => {
    const callers = (template: Template) =>
      resourcesOf(template, "AWS::ApiGatewayV2::Route")
        .map(([, { Properties }]) => [
          Properties.RouteKey,
          Properties.AuthorizationType,
          Properties.AuthorizerId,
        ])
        .sort();
    expect(callers(variant("free"))).toEqual(callers(variant("defaults")));
    expect(callers(variant("drastic"))).not.toEqual(callers(variant("defaults")));
  });
});

describe("two stages of one account and region", () => {
  const SERVICE = "enos-download-status";

  it("share no name and no ARN except those of the organisations' secrets", () => {
    const shared = intersection(namesIn("defaults"), namesIn("qa"));
    expect(shared).toEqual([
      "arn:aws:secretsmanager:eu-central-1:123456789012:secret:enos/*",
      // A dimension of every metric, beside the stage.
      SERVICE,
    ]);
  });

  it("share no name even if the name of one stage begins with that of the other", () => {
    // What follows the stage in each name, by type and by what precedes the stage.
    const endings = new Map<string, string[]>();
    for (const { Type, Properties } of Object.values(variant("qa").Resources)) {
      for (const [property, value] of Object.entries(Properties ?? {})) {
        const [before, after] = String(value).split(`${SERVICE}-qa`);
        if (!property.endsWith("Name") || after === undefined) continue;
        const kind = `${Type} ${before}`;
        endings.set(kind, [...(endings.get(kind) ?? []), after]);
      }
    }
    expect(endings.get("AWS::CloudWatch::Alarm ")?.length).toBeGreaterThan(10);
    for (const [kind, all] of endings) {
      // With the stages qa and qa-hint, qa's "-hint-x" would be qa-hint's "-x".
      for (const ending of all) {
        const longer = all.filter((other) => other !== ending && other.endsWith(ending));
        expect(longer, `${kind} ${ending}`).toEqual([]);
      }
    }
  });

  it("share no metric and no export", () => {
    const metricsOf = (name: string) =>
      resourcesOf(variant(name), "AWS::CloudWatch::Alarm").flatMap(([, { Properties }]) => {
        const metrics = Properties.Metrics ?? [{ MetricStat: { Metric: Properties } }];
        return metrics.flatMap(({ MetricStat }: { MetricStat?: { Metric: Record<string, unknown> } }) =>
          MetricStat
            ? [resolvedText(name, [MetricStat.Metric.MetricName, MetricStat.Metric.Dimensions])]
            : [],
        );
      });
    expect(metricsOf("qa").length).toBeGreaterThan(5);
    expect(intersection(metricsOf("defaults"), metricsOf("qa"))).toEqual([]);
    const exportsOf = (name: string) =>
      Object.values(variant(name).Outputs).flatMap((output) =>
        "Export" in output ? [JSON.stringify(output.Export)] : [],
      );
    expect(exportsOf("qa").length).toBeGreaterThan(0);
    expect(intersection(exportsOf("defaults"), exportsOf("qa"))).toEqual([]);
  });

  /** Everything in a stack that is the name of something, in the account or beside it. */
  function namesIn(name: string): string[] {
    const resolved = JSON.parse(resolvedText(name, variant(name).Resources));
    return stringsIn(resolved).filter((text) => text.includes(SERVICE) || text.startsWith("arn:"));
  }

  function resolvedText(name: string, value: unknown): string {
    const stack = `${SERVICE}-${name === "qa" ? "qa" : "dev"}`;
    const place = { partition: "aws", region: "eu-central-1", stack };
    return JSON.stringify(resolve(variant(name), value, surroundingsOf(variant(name), place)));
  }
});

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

function intersection(one: string[], other: string[]): string[] {
  const others = new Set(other);
  return [...new Set(one)].filter((text) => others.has(text)).sort();
}
