import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DeployerPolicy } from "../infra/deployer-policy.ts";
import type { Template } from "../infra/template.ts";
import { Deployer } from "./deployer.ts";
import type { Recorded } from "./recorder.ts";

// Every test goes on from where the one before it left the account. Each deployment is a run of osls, which takes
// its time on a busy machine.
const TIMEOUT = 240_000;

const STACK = "enos-download-status-prod";
const ODD_CLAIM = 'https://example.com/"orgs",$1\\';
const FILE = `ENOS_API_BASE_URL=https://apim.example.com\nRETENTION_DAYS=90\nJWT_ORG_CLAIM='${ODD_CLAIM}'\n`;
/** What changes something in the account. */
const CHANGES = ["CreateChangeSet", "ExecuteChangeSet", "DeleteChangeSet"];

let deployer: Deployer;
beforeAll(async () => {
  deployer = await Deployer.start();
  await deployer.settle("prod", FILE);
});
afterAll(() => deployer[Symbol.asyncDispose]());

/** `npm run deploy`, with what it printed, asked of CloudFormation and put into its bucket. */
async function deploy(env: Record<string, string> = {}, ...args: string[]) {
  const { cloudFormation } = deployer;
  const before = cloudFormation.asked.length;
  const objects = await objectsIn(STACK);
  const { code, output } = await deployer.npm("deploy", ["--stage", "prod", ...args], env);
  return {
    code,
    output,
    changed: cloudFormation.asked.slice(before).filter((action) => CHANGES.includes(action)),
    uploaded: (await objectsIn(STACK)).length - objects.length,
  };
}

async function objectsIn(stack: string): Promise<string[]> {
  return deployer.cloudFormation.stack(stack)?.outputs.ServerlessDeploymentBucketName
    ? deployer.objects(stack)
    : [];
}

const told = () => JSON.parse(deployer.cloudFormation.stack(STACK)?.outputs.Settings ?? "{}");
const NOTHING = { changed: [], uploaded: 0 };

describe("npm run deploy", { timeout: TIMEOUT }, () => {
  it("creates a new stack, and prints its settings", async () => {
    const { code, output, uploaded } = await deploy();
    expect(output).toContain("Stage prod in eu-central-1, with settings from stages/prod.env");
    expect(output).toContain(`A new stack, ${STACK} (eu-central-1), with these settings:`);
    expect(output).toMatch(/^ {2}RETENTION_DAYS +30 -> 90$/m);
    expect(output).toContain("Service deployed to stack");
    expect(code).toBe(0);
    // Two templates, and of the functions none that takes callbacks, which were not asked for.
    expect(uploaded).toBe(5);
    const zips = (await deployer.objects(STACK)).filter((key) => key.endsWith(".zip"));
    expect(zips.map((key) => key.split("/").at(-1)).sort()).toEqual(["status.zip", "sweep.zip", "track.zip"]);
    const { Resources = {} } = deployer.cloudFormation.stack(STACK)?.template ?? {};
    expect(Object.keys(Resources).filter((id) => /callback|hint/i.test(id))).toEqual([]);
    expect(deployer.cloudFormation.stack(STACK)?.status).toBe("UPDATE_COMPLETE");
    expect(told()).toMatchObject({
      ENOS_API_BASE_URL: "https://apim.example.com",
      RETENTION_DAYS: "90",
      JWT_ISSUER: null,
      JWT_ORG_CLAIM: ODD_CLAIM,
    });
  });

  it("changes nothing if nothing differs", async () => {
    const { code, output, ...did } = await deploy();
    expect(output).toContain(`No setting changes in ${STACK}`);
    expect(output).toContain("No changes to deploy");
    expect(code).toBe(0);
    expect(did).toEqual(NOTHING);
  });

  const DRASTIC = {
    EVENTS_TOPIC_FIFO: "true",
    JWT_AUDIENCE: "downloads,machine-7",
    JWT_ISSUER: "https://login.example.com/",
    ORGANISATION_PATHS_ONLY: "true",
  };

  it("refuses irreversible changes that are not accepted, before it does anything", async () => {
    const { code, output, ...did } = await deploy(DRASTIC, "--accept", "JWT_ISSUER");
    for (const line of [
      "EVENTS_TOPIC_FIFO replaces",
      "JWT_AUDIENCE changes",
      "ORGANISATION_PATHS_ONLY opens",
    ]) {
      expect(output).toMatch(new RegExp(`^ {2}${line}`, "m"));
    }
    expect(output).not.toMatch(/^ {2}JWT_ISSUER changes/m);
    expect(output).toContain("npm run deploy -- --stage prod --accept ");
    expect(code).not.toBe(0);
    expect(did).toEqual(NOTHING);
    expect(told()).toMatchObject({ EVENTS_TOPIC_FIFO: "false", JWT_ISSUER: null, RETENTION_DAYS: "90" });
  });

  it("makes accepted changes, and prints changed and overridden settings", async () => {
    const accept = Object.keys(DRASTIC).flatMap((name) => ["--accept", name]);
    const { code, output } = await deploy({ ...DRASTIC, RETENTION_DAYS: "60", API_BURST: "400" }, ...accept);
    expect(output).toMatch(/^ {2}RETENTION_DAYS is 60, from the environment$/m);
    expect(output).toMatch(/^ {2}API_BURST +200 -> 400$/m);
    expect(output).toMatch(/^ {2}RETENTION_DAYS +90 -> 60$/m);
    expect(output).toContain("Service deployed to stack");
    expect(code).toBe(0);
    expect(told()).toMatchObject({ ...DRASTIC, RETENTION_DAYS: "60", API_BURST: "400" });
  });

  it("deploys after a failed update, although its bucket contains the artefacts of the failure", async () => {
    const { cloudFormation } = deployer;
    const settings = Object.entries(DRASTIC).map(([name, value]) => `${name}=${value}\n`);
    await deployer.settle("prod", FILE + settings.join(""));
    cloudFormation.failure = "the account may have no more alarms";
    const failed = await deploy({ RETENTION_DAYS: "120" });
    expect(failed.output).toContain("the account may have no more alarms");
    expect(failed.code).not.toBe(0);
    expect(cloudFormation.stack(STACK)?.status).toBe("UPDATE_ROLLBACK_COMPLETE");
    expect(told()).toMatchObject({ ...DRASTIC, RETENTION_DAYS: "60" });
    const again = await deploy({ RETENTION_DAYS: "120" });
    expect(again.output).toMatch(/^ {2}RETENTION_DAYS +60 -> 120$/m);
    expect(again.code).toBe(0);
    expect(told()).toMatchObject({ ...DRASTIC, RETENTION_DAYS: "120" });
  });
});

it("does not conflict with the table and the topic of an older stack", { timeout: TIMEOUT }, async () => {
  const { cloudFormation } = deployer;
  const { TrackedTasksTable, EventsTopic } = cloudFormation.stack(STACK)?.template.Resources ?? {};
  const Resources = { TrackedTasksTable, EventsTopic } as Template["Resources"];
  cloudFormation.put(STACK, {
    status: "IMPORT_COMPLETE",
    template: { Parameters: {}, Outputs: {}, Resources },
  });
  // With all that it was: another kind of topic would be another topic.
  const { code, output } = await deploy({}, "--accept", "UNKNOWN_SETTINGS");
  expect(output).toContain("Service deployed to stack");
  expect(code).toBe(0);
  expect(cloudFormation.stack(STACK)?.template.Resources).toMatchObject(Resources);
});

describe("without the address of EnOS", { timeout: TIMEOUT }, () => {
  it("nothing is deployed", async () => {
    const { code, output } = await deployer.npm("deploy", ["--stage", "qa"]);
    expect(output).toContain("Stage qa in eu-central-1, with settings from the environment alone");
    expect(output).toContain("ENOS_API_BASE_URL is missing");
    expect(code).not.toBe(0);
  });

  it("nothing is packaged for a stage with too long a name", async () => {
    const { code, output } = await deployer.npm("package", ["--stage", "s".repeat(37)]);
    expect(output).toContain("is too long by 1");
    expect(code).not.toBe(0);
  });

  it("a deployed stack can be queried", async () => {
    await deployer.settle("prod", "RETENTION_DAYS=90\n");
    const list = await deployer.npm("osls", ["deploy", "list", "--stage", "prod"]);
    expect(list.output).toContain("compiled-cloudformation-template.json");
    expect(list.code).toBe(0);
    const info = await deployer.npm("osls", ["info", "--stage", "prod"]);
    expect(info.output).toContain(`stack: ${STACK}`);
    expect(info.code).toBe(0);
  });
});

it("stops at an unknown setting in the stage's file", async () => {
  await deployer.settle("prod", `${FILE}RETENTION_DAY=90\n`);
  const { code, output } = await deployer.npm("deploy", ["--stage", "prod"]);
  expect(output).toContain("line 4: there is no setting RETENTION_DAY");
  expect(code).not.toBe(0);
});

it("made only calls that the deployer's policy allows", async () => {
  const policy = new DeployerPolicy();
  const { cloudFormation, askedOfS3 } = deployer;
  const account = "eu-central-1:123456789012";
  const stack = `arn:aws:cloudformation:${account}:stack/${STACK}/0a1b2c3d`;
  const calls = [
    ...cloudFormation.asked.map((action) => [
      `cloudformation:${action}`,
      action === "ValidateTemplate" ? "*" : stack,
    ]),
    ...[...cloudFormation.askedAbout].map((name) => [
      "lambda:GetFunction",
      `arn:aws:lambda:${account}:function:${name}`,
    ]),
    ...askedOfS3.map(s3Call),
    // With the tags that osls puts on a stack.
    ["cloudformation:TagResource", stack],
  ];
  const different = new Set(calls.map((call) => call.join(" ")));
  expect(different.size).toBeGreaterThan(12);
  const denied: string[] = [];
  for (const call of different) {
    const [action = "", resource = ""] = call.split(" ");
    if (!(await policy.isAllowed(action, resource))) denied.push(call);
  }
  expect(denied).toEqual([]);
});

/** What IAM calls a request to S3, and the resource that it is about. */
function s3Call({ method, url }: Recorded): [action: string, resource: string] {
  const [, bucket = "", ...rest] = url.pathname.split("/");
  const key = rest.join("/");
  const resource = `arn:aws:s3:::${bucket}${key && `/${key}`}`;
  const { searchParams } = url;
  if (key && (method === "GET" || method === "HEAD")) return ["s3:GetObject", resource];
  if (key && method === "PUT") return ["s3:PutObject", resource];
  if (!key && method === "POST" && searchParams.has("delete")) return ["s3:DeleteObject", `${resource}/*`];
  if (!key && method === "GET" && searchParams.has("location")) return ["s3:GetBucketLocation", resource];
  if (!key && method === "GET" && searchParams.has("versions")) return ["s3:ListBucketVersions", resource];
  if (!key && (method === "HEAD" || searchParams.has("list-type"))) return ["s3:ListBucket", resource];
  throw new Error(`which permission is ${method} ${url.pathname}${url.search}?`);
}
