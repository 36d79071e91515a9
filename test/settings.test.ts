import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ALL_SETTINGS } from "../infra/settings.ts";
import { parseSettings, readSettings, SETTINGS, type Setting, scheduleOf } from "../lib/settings.ts";

const only = <Name extends keyof typeof SETTINGS>(...names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, SETTINGS[name]])) as Pick<typeof SETTINGS, Name>;

const GIVEN = { TRACKED_TASKS_TABLE: "tasks", ENOS_API_BASE_URL: "https://apim.example.com" };

describe("settings", () => {
  it("are those of one function, with defaults, and undefined without", () => {
    expect(readSettings(GIVEN, "track")).toEqual({
      ENOS_SECRET_PREFIX: "enos/",
      STAGE: "dev",
      TRACKED_TASKS_TABLE: "tasks",
      SWEEP_SHARDS: 4,
      SWEEP_INTERVAL_SECONDS: 60,
      CHECK_INTERVAL_GROWTH_PERCENT: 11,
      CHECK_INTERVAL_MAX_SECONDS: 290,
      RETENTION_DAYS: 30,
      TRACKING_DEADLINE_DAYS: 7,
      JWT_ISSUER: undefined,
      JWT_AUDIENCE: undefined,
      JWT_ORG_CLAIM: "orgs",
    });
  });

  it("treat an empty value as unset", () => {
    const settings = only("JWT_ISSUER", "SWEEP_SHARDS");
    expect(parseSettings({ JWT_ISSUER: "", SWEEP_SHARDS: "" }, settings)).toEqual({ SWEEP_SHARDS: 4 });
  });

  it("report all errors at once, each by name", () => {
    const env = {
      SWEEP_SHARDS: "0",
      SWEEP_CONCURRENCY: "many",
      ENOS_API_BASE_URL: "http://apim.example.com",
    };
    expect(() => readSettings(env, "sweep")).toThrow(
      "Settings: SWEEP_SHARDS must be at least 1; SWEEP_CONCURRENCY must be a whole number; " +
        "TRACKED_TASKS_TABLE is missing; EVENTS_TOPIC_ARN is missing; " +
        "ENOS_API_BASE_URL must be https (http on loopback and on hosts of ENOS_HTTP_HOSTS only)",
    );
  });

  it.each([
    [
      "one half of the JWT settings",
      { JWT_ISSUER: "https://issuer.example" },
      "Settings: JWT_AUDIENCE is missing, though JWT_ISSUER is set",
    ],
    [
      "the other half",
      { JWT_AUDIENCE: "downloads" },
      "Settings: JWT_ISSUER is missing, though JWT_AUDIENCE is set",
    ],
  ])("refuse %s", (_, env, message) => {
    expect(() => readSettings({ ...GIVEN, ...env }, "track")).toThrow(message);
  });

  it("are not said to contradict each other where one is missing or wrong", () => {
    expect(() => readSettings({}, "status")).toThrow(/^Settings: ENOS_API_BASE_URL is missing$/);
    const env = { ...GIVEN, JWT_ISSUER: "https://issuer.example", JWT_AUDIENCE: "a,a" };
    expect(() => readSettings(env, "track")).toThrow(/^Settings: JWT_AUDIENCE lists a value twice$/);
  });

  it.each(["1e3", "0x10", "-5", "2.5", "5s", " 5", "1234567890"])("refuse the number %j", (text) => {
    expect(() => parseSettings({ SWEEP_SHARDS: text }, only("SWEEP_SHARDS"))).toThrow(
      "SWEEP_SHARDS must be a whole number",
    );
  });

  it("refuse more values than a list may have", () => {
    const settings = only("JWT_ISSUER", "JWT_AUDIENCE");
    const read = (most: number) => {
      const JWT_AUDIENCE = Array.from({ length: most }, (_, index) => `a${index}`).join(", ");
      return parseSettings({ JWT_ISSUER: "https://issuer.example", JWT_AUDIENCE }, settings).JWT_AUDIENCE;
    };
    expect(read(50)).toHaveLength(50);
    expect(() => read(51)).toThrow("JWT_AUDIENCE must list at most 50 values");
  });

  it("make the schedule", () => {
    const { interval } = scheduleOf({
      SWEEP_INTERVAL_SECONDS: 30,
      CHECK_INTERVAL_GROWTH_PERCENT: 20,
      CHECK_INTERVAL_MAX_SECONDS: 600,
    });
    expect([0, 1_000_000, 9_000_000].map(interval)).toEqual([30_000, 200_000, 600_000]);
  });

  it("refuse more sweepers than shards", () => {
    const settings = only("SWEEPERS", "SWEEP_SHARDS");
    expect(parseSettings({ SWEEPERS: "4" }, settings)).toMatchObject({ SWEEPERS: 4 });
    expect(() => parseSettings({ SWEEPERS: "5" }, settings)).toThrow(
      "SWEEPERS must be at most SWEEP_SHARDS (4)",
    );
  });

  it("refuse more concurrent calls than Lambda's file descriptors allow", () => {
    const settings = only("SWEEP_CONCURRENCY");
    expect(parseSettings({ SWEEP_CONCURRENCY: "512" }, settings)).toEqual({ SWEEP_CONCURRENCY: 512 });
    expect(() => parseSettings({ SWEEP_CONCURRENCY: "513" }, settings)).toThrow("must be at most 512");
  });

  it.each([
    "https://apim-ppe1.envisioniot.com",
    "https://apim:8443/",
    "http://127.0.0.1:3999",
    "http://localhost:1",
    "http://[::1]:1",
  ])("accept the gateway %s", (url) => {
    expect(parseSettings({ ENOS_API_BASE_URL: url }, only("ENOS_API_BASE_URL")).ENOS_API_BASE_URL).toBe(
      new URL(url).origin,
    );
  });

  it.each([
    "http://apim-ppe1.envisioniot.com",
    "http://127.0.0.1.evil.example",
    "https://user:pw@apim.example.com",
    "https://apim.example.com/path",
    "https://apim.example.com/?x=1",
    "ftp://apim.example.com",
    "apim.example.com",
  ])("refuse the gateway %s", (url) => {
    expect(() => parseSettings({ ENOS_API_BASE_URL: url }, only("ENOS_API_BASE_URL"))).toThrow(
      "ENOS_API_BASE_URL",
    );
  });
});

describe("the base of callback URLs", () => {
  const read = (url: string) => parseSettings({ CALLBACK_BASE_URL: url }, only("CALLBACK_BASE_URL"));

  it.each([
    ["https://downloads.example.com/", "https://downloads.example.com"],
    ["https://downloads.example.com/enos//", "https://downloads.example.com/enos"],
    ["https://downloads.example.com/a//b", "https://downloads.example.com/a//b"],
    ["https://downloads.example.com/enos/?", "https://downloads.example.com/enos"],
    ["http://127.0.0.1:3000", "http://127.0.0.1:3000"],
  ])("may be %s", (url, base) => {
    expect(read(url).CALLBACK_BASE_URL).toBe(base);
  });

  it.each([
    "http://downloads.example.com",
    "https://downloads.example.com/?x=1",
    "https://downloads.example.com/#x",
    "https://user@downloads.example.com",
    "https://:pw@downloads.example.com",
    "ftp://localhost",
    "downloads.example.com",
  ])("may not be %s", (url) => {
    expect(() => read(url)).toThrow(
      "CALLBACK_BASE_URL must be an https URL without a query (http on loopback only)",
    );
  });
});

describe("plain http", () => {
  const settings = only("ENOS_API_BASE_URL", "ENOS_HTTP_HOSTS");
  const read = (url: string, hosts: string, env: Record<string, string> = {}) =>
    parseSettings({ ENOS_API_BASE_URL: url, ENOS_HTTP_HOSTS: hosts, ...env }, settings).ENOS_API_BASE_URL;
  const DEPLOYED = { AWS_LAMBDA_RUNTIME_API: "127.0.0.1:9001" };

  it("is allowed for listed hosts", () => {
    expect(read("http://apim.corp.example:8080/", "10.1.2.3, apim.corp.example")).toBe(
      "http://apim.corp.example:8080",
    );
    expect(() => read("http://other.corp.example", "10.1.2.3,apim.corp.example")).toThrow(
      "ENOS_API_BASE_URL must be https",
    );
  });

  it("is allowed for loopback in a local run, but not in an account", () => {
    expect(read("http://127.0.0.1:3999", "")).toBe("http://127.0.0.1:3999");
    for (const url of ["http://127.0.0.1:9001", "https://localhost", "http://[::ffff:127.0.0.1]"]) {
      expect(() => read(url, "", DEPLOYED)).toThrow(
        "ENOS_API_BASE_URL must not be on loopback or link-local",
      );
    }
  });

  it.each([
    ["localhost", "must not list loopback or link-local"],
    ["[fe80::1]", "must not list loopback or link-local"],
    ["apim.corp.example,169.254.169.254", "must not list loopback or link-local"],
    ["apim.corp.example:8080", "must be host names or addresses in lower case"],
    ["http://apim.corp.example", "must be host names or addresses in lower case"],
    ["APIM.corp.example", "must be host names or addresses in lower case"],
    ["10.1", "must be host names or addresses in lower case"],
    ["*.corp.example", "must be host names or addresses in lower case"],
    ["apim*.corp.example", "must be host names or addresses in lower case"],
    ["10.1.2.256", "must be host names or addresses in lower case"],
    ["a,,b", "must be host names or addresses in lower case"],
    ["a,a", "lists a value twice"],
  ])("is not allowed for %s", (hosts, message) => {
    expect(() => read("https://apim.example", hosts)).toThrow(`ENOS_HTTP_HOSTS ${message}`);
  });
});

describe("the table of settings in the documentation", () => {
  it("has a line for every setting", async () => {
    const text = await readFile(new URL("../docs/settings.md", import.meta.url), "utf8");
    const [table = ""] = text.match(/^\| variable .*\n(\|.*\n)+/m) ?? [];
    const rows = table
      .trim()
      .split("\n")
      .slice(2)
      .map((row) => row.replaceAll(/ +/g, " "));
    expect(rows.sort()).toEqual(
      Object.entries(ALL_SETTINGS)
        .map(([name, setting]) => `| \`${name}\` | ${setting.meaning} | ${defaultOf(setting)} |`)
        .sort(),
    );
  });

  function defaultOf({ default: value, required, unset }: Setting): string {
    if (value !== undefined) return /^\d+$/.test(value) ? value : `\`${value}\``;
    return unset ?? (required ? "none: required" : "unset");
  }
});

it("the stage and the region have the defaults that serverless.yml gives them", async () => {
  const { provider } = parse(await readFile(new URL("../serverless.yml", import.meta.url), "utf8"));
  expect(provider.stage).toContain(`'${ALL_SETTINGS.STAGE?.default}'`);
  expect(provider.region).toContain(`'${ALL_SETTINGS.AWS_REGION?.default}'`);
});
