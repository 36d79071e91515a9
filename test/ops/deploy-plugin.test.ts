import { S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import DeployPlugin from "../../infra/deploy-plugin.ts";
import { packagedTemplate, type Template } from "../infra/template.ts";
import { CloudFormation } from "./cloudformation.ts";

// The plugin by itself, before the answers of CloudFormation; deploy.test.ts has it in osls.

const STACK = "enos-download-status-prod";
const s3 = new S3Client({ region: "eu-central-1" });
let cloudFormation: CloudFormation;
let template: Template;

beforeEach(async () => {
  template = await packagedTemplate();
  cloudFormation = await CloudFormation.start(s3);
});
afterEach(() => cloudFormation[Symbol.asyncDispose]());

function plugin(options: { accept?: string[]; force?: boolean; timestamp?: string } = {}) {
  const lines: string[] = [];
  const provider = {
    naming: { getStackName: () => STACK },
    getStage: () => "prod",
    getRegion: () => "eu-central-1",
    getAwsSdkV3Config: async () => ({
      region: "eu-central-1",
      endpoint: cloudFormation.url,
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    }),
  };
  const serverless = {
    getProvider: () => provider,
    service: { provider: { compiledCloudFormationTemplate: template } },
    classes: { Error },
  };
  const log = { notice: (line: string) => lines.push(line) };
  const { hooks } = new DeployPlugin(serverless as never, options, { log });
  return {
    lines,
    options,
    first: hooks["before:aws:deploy:deploy:createStack"],
    second: hooks["before:aws:deploy:deploy:updateStack"],
    rollback: hooks["before:rollback:initialize"],
  };
}

const settings = (changes: Record<string, string | null> = {}) => ({
  Settings: JSON.stringify({ ...JSON.parse(String(template.Outputs.Settings?.Value)), ...changes }),
});

it("osls does not roll back to an older template, but lists them", async () => {
  await expect(plugin({ timestamp: "1795689373551" }).rollback()).rejects.toThrow(
    "check out the older version, then npm run deploy",
  );
  await expect(plugin().rollback()).resolves.toBeUndefined();
});

describe("a deployment", () => {
  it("is new if there is no stack, or one with only a bucket", async () => {
    const { first, lines } = plugin();
    await first();
    expect(lines).toEqual([
      `A new stack, ${STACK} (eu-central-1), with these settings:`,
      "  CALLBACKS  false -> true",
    ]);
    cloudFormation.put(STACK, { status: "CREATE_COMPLETE" });
    await expect(plugin().second()).resolves.toBeUndefined();
  });

  it("prints nothing at the second check, but refuses according to concurrent changes", async () => {
    cloudFormation.put(STACK, { status: "UPDATE_COMPLETE", template, outputs: settings() });
    const { first, second, lines } = plugin();
    await first();
    expect(lines).toEqual([`No setting changes in ${STACK} (eu-central-1)`]);
    cloudFormation.put(STACK, {
      status: "UPDATE_COMPLETE",
      template,
      outputs: settings({ JWT_ISSUER: "https://login.example.com/" }),
    });
    await expect(second()).rejects.toThrow(/JWT_ISSUER changes how callers are authenticated/);
    expect(lines).toHaveLength(1);
  });

  it("stops at a stack that is being changed", async () => {
    cloudFormation.put(STACK, { status: "UPDATE_IN_PROGRESS", template, outputs: settings() });
    await expect(plugin().first()).rejects.toThrow(
      `${STACK} (eu-central-1) cannot be deployed to: it is being changed (UPDATE_IN_PROGRESS)`,
    );
    cloudFormation.put(STACK, { status: "ROLLBACK_COMPLETE", template });
    await expect(plugin().first()).rejects.toThrow("npm run osls -- remove --stage prod, then deploy again");
  });

  it("stops at a second index in one update", async () => {
    const before = structuredClone(template);
    const table = before.Resources.TrackedTasksTable?.Properties;
    if (table) table.GlobalSecondaryIndexes[0].IndexName = "older";
    cloudFormation.put(STACK, { status: "UPDATE_COMPLETE", template: before, outputs: settings() });
    await expect(plugin().first()).rejects.toThrow("one update may change one index");
  });

  it("is forced after a rollback", async () => {
    cloudFormation.put(STACK, { status: "UPDATE_COMPLETE", template, outputs: settings() });
    const usual = plugin();
    await usual.first();
    expect(usual.options.force).toBeUndefined();
    cloudFormation.put(STACK, { status: "UPDATE_ROLLBACK_COMPLETE", template, outputs: settings() });
    const after = plugin();
    await after.first();
    expect(after.options.force).toBe(true);
  });

  it("has to be accepted for a stack that has not recorded its settings", async () => {
    for (const outputs of [{}, { Settings: "{" }, { Settings: '{"RETENTION_DAYS":30}' }]) {
      cloudFormation.put(STACK, { status: "UPDATE_COMPLETE", template, outputs });
      await expect(plugin().first()).rejects.toThrow("UNKNOWN_SETTINGS may change any setting");
      await expect(plugin({ accept: ["UNKNOWN_SETTINGS"] }).first()).resolves.toBeUndefined();
    }
  });

  it("does not accept a name that is never refused", async () => {
    await expect(plugin({ accept: ["RETENTION_DAYS"] }).first()).rejects.toThrow(
      "--accept RETENTION_DAYS: there is no change of that name to accept",
    );
  });

  it("fails with CloudFormation's error, unless the stack does not exist", async () => {
    cloudFormation.onAction = () => {
      throw new Error("not authorized to perform cloudformation:DescribeStacks");
    };
    await expect(plugin().first()).rejects.toThrow("not authorized");
  });
});
