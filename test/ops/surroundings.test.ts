import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEPLOYER_SETTINGS } from "../../infra/deployer-settings.ts";
import { ALL_SETTINGS } from "../../infra/settings.ts";
import { parseStageFile } from "../../ops/stage-file.ts";
import { surroundings } from "../../ops/surroundings.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stages-"));
  writeFileSync(join(folder, "prod.env"), "AWS_REGION=eu-west-1\nRETENTION_DAYS=90\nLOG_LEVEL=\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const of = (args: string[], env: Record<string, string> = {}) => surroundings(args, env, folder);

describe("a command's surroundings", () => {
  it("include the stage's file, if there is one", () => {
    expect(of(["deploy", "--stage", "prod"])).toEqual({
      stage: "prod",
      region: "eu-west-1",
      env: { STAGE: "prod", AWS_REGION: "eu-west-1", RETENTION_DAYS: "90", LOG_LEVEL: "" },
      file: join(folder, "prod.env"),
      overridden: [],
    });
    expect(of(["deploy"])).toEqual({
      stage: "dev",
      region: "eu-central-1",
      env: { STAGE: "dev", AWS_REGION: "eu-central-1" },
      file: undefined,
      overridden: [],
    });
  });

  it.each([
    [["deploy", "--stage", "prod"], {}],
    [["deploy", "--stage=prod", "--verbose"], { STAGE: "qa" }],
    [["deploy", "list", "-s", "prod"], {}],
    [["--stage", "prod", "--accept", "X"], {}],
    [["package"], { STAGE: "prod" }],
  ])("have the stage from %j in %o", (args, env) => {
    expect(of(args, env).stage).toBe("prod");
  });

  it("are overridden by the environment, unless that is empty", () => {
    const { env, overridden } = of(["deploy", "--stage", "prod"], {
      RETENTION_DAYS: "60",
      LOG_LEVEL: "DEBUG",
    });
    expect(env).toMatchObject({ RETENTION_DAYS: "60", LOG_LEVEL: "DEBUG" });
    expect(overridden).toEqual(["RETENTION_DAYS", "LOG_LEVEL"]);
    expect(of(["deploy", "--stage", "prod"], { RETENTION_DAYS: "" }).env.RETENTION_DAYS).toBe("90");
    expect(of(["deploy", "--stage", "prod"], { RETENTION_DAYS: "90" }).overridden).toEqual([]);
  });

  it.each([
    [["--region", "us-east-1"], { AWS_REGION: "us-east-2" }, "us-east-1"],
    [[], { AWS_REGION: "us-east-2", AWS_DEFAULT_REGION: "us-west-1" }, "us-east-2"],
    [[], { AWS_DEFAULT_REGION: "us-west-1" }, "eu-west-1"],
  ])("have the region from %j and %o", (args, env, region) => {
    const { env: merged, ...rest } = of(
      ["deploy", "--stage", "prod", ...args],
      env as Record<string, string>,
    );
    expect([rest.region, merged.AWS_REGION]).toEqual([region, region]);
  });

  it("have the machine's default region if neither sets one", () => {
    expect(of(["deploy"], { AWS_DEFAULT_REGION: "us-west-1" }).region).toBe("us-west-1");
  });

  it("are refused if npm has consumed the option", () => {
    expect(() => of(["deploy"], { npm_config_stage: "prod" })).toThrow("npm has taken --stage");
  });

  it.each(["../prod", "prod/..", "prod.env", "-prod", "prod ", "é", "a\0"])(
    "reject the stage %j",
    (stage) => {
      expect(() => of([`--stage=${stage}`])).toThrow("may only contain letters, digits and -");
    },
  );
});

const HEAD = `# The settings of a stage. Copy this file to <stage>.env, uncomment what differs, and commit the file: every
# deployment then has the same settings, whoever makes it. Secrets do not belong here: EnOS keys are in Secrets Manager.
`;

it("the example lists every setting of a stage, all commented out", async () => {
  const settings = DEPLOYER_SETTINGS.map((name) => {
    const { meaning, default: value = "" } = ALL_SETTINGS[name] ?? { meaning: "" };
    return `# ${meaning.replaceAll("`", "")}\n#${name}=${value}\n`;
  });
  const text = [HEAD, ...settings].join("\n");
  expect([...parseStageFile(text, "example.env", DEPLOYER_SETTINGS)]).toEqual([]);
  // `npx vitest run test/ops/surroundings.test.ts --update` writes it anew.
  await expect(text).toMatchFileSnapshot("../../stages/example.env");
});
