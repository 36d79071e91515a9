import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { unzipSync } from "fflate";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadConfig } from "../../infra/bundle/load-config.ts";
import { esbuildOptions } from "../../infra/bundle/options.ts";
import { standIns } from "../../infra/bundle/stand-ins.ts";
import { FUNCTIONS } from "../../lib/settings.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { packagedService } from "../../local/package.ts";

afterEach(() => vi.unstubAllEnvs());

describe("a bundle", () => {
  it("has every replacement module, even after an update of the original", async () => {
    const { metafile } = await build({
      ...esbuildOptions,
      entryPoints: ["functions/sweep.ts"],
      outdir: "unwritten",
      plugins: [standIns],
      metafile: true,
      write: false,
    });
    expect(Object.keys(metafile.inputs)).toEqual(
      expect.arrayContaining(
        ["credentials", "load-config", "unused"].map((name) => `infra/bundle/${name}.ts`),
      ),
    );
    expect(Object.keys(metafile.inputs).join()).not.toMatch(
      /credential-provider-(sso|ini)|client-h2|eventstream/,
    );
  });

  it.each(["status", "track", "sweep"] as const)(
    "of %s has Node load no fetch, no HTTP/2 and no streams of the web",
    (name) => {
      const script = "require(process.argv[1]); console.log(process.moduleLoadList.join());";
      const env = {
        AWS_REGION: "eu-central-1",
        ENOS_API_BASE_URL: "https://apim-ppe1.example.com",
        TRACKED_TASKS_TABLE: "tracked-tasks",
        EVENTS_TOPIC_ARN: "arn:aws:sns:eu-central-1:123456789012:events",
      };
      const loaded = execFileSync(process.execPath, ["-e", script, unpack(name)], { env, encoding: "utf8" });
      expect(loaded).toContain("NativeModule https");
      expect(loaded).not.toMatch(/NativeModule (internal\/deps\/undici|http2|internal\/webstreams)/);
    },
  );
});

describe("an artefact", () => {
  /** Where a zip's list of files begins, what it begins with, and the place of a file's Unix mode in it. */
  const LIST = Buffer.from([0x50, 0x4b, 0x01, 0x02]);
  const MODE_AT = 40;

  it.each(FUNCTIONS)("of %s has its bundle and nothing else, for everybody to read", async (name) => {
    const zip = readFileSync(join(await packagedService(), `${name}.zip`));
    expect(Object.keys(unzipSync(zip))).toEqual([`functions/${name}.cjs`]);
    // Lambda keeps the modes, and runs functions as another user.
    expect(zip.readUInt16LE(zip.lastIndexOf(LIST) + MODE_AT)).toBe(0o100644);
  });
});

describe("settings of the SDK", () => {
  const region = {
    environmentVariableSelector: (env: NodeJS.ProcessEnv) => env.SOME_REGION,
    default: "nowhere",
  };

  it("come from the environment", async () => {
    vi.stubEnv("SOME_REGION", "eu-central-1");
    await expect(loadConfig(region)()).resolves.toBe("eu-central-1");
  });

  it("are otherwise the default, or what it returns", async () => {
    await expect(loadConfig(region)()).resolves.toBe("nowhere");
    await expect(loadConfig({ ...region, default: async () => "given" })()).resolves.toBe("given");
  });

  it("that are required throw when they are read", async () => {
    const missing = () => {
      throw new Error("Region is missing");
    };
    await expect(loadConfig({ ...region, default: missing })()).rejects.toThrow("Region is missing");
  });
});
