import { describe, expect, it } from "vitest";
import { readSettings } from "../lib/settings.ts";

describe("settings", () => {
  it("have the documented defaults", () => {
    expect(
      readSettings(
        {},
        "ENOS_SECRET_PREFIX",
        "JWT_ORG_CLAIM",
        "SWEEP_INTERVAL_SECONDS",
        "SWEEP_SHARDS",
        "SWEEP_CONCURRENCY",
        "ENOS_REQUESTS_PER_SECOND",
        "TRACKING_DEADLINE_DAYS",
        "RETENTION_DAYS",
      ),
    ).toEqual({
      ENOS_SECRET_PREFIX: "enos/",
      JWT_ORG_CLAIM: "orgs",
      SWEEP_INTERVAL_SECONDS: 60,
      SWEEP_SHARDS: 4,
      SWEEP_CONCURRENCY: 64,
      ENOS_REQUESTS_PER_SECOND: 100,
      TRACKING_DEADLINE_DAYS: 7,
      RETENTION_DAYS: 30,
    });
  });

  it("take an empty value for none", () => {
    expect(readSettings({ JWT_ISSUER: "", SWEEP_SHARDS: "" }, "JWT_ISSUER", "SWEEP_SHARDS")).toEqual({
      JWT_ISSUER: undefined,
      SWEEP_SHARDS: 4,
    });
  });

  it("fail all at once, each by name", () => {
    const env = {
      SWEEP_SHARDS: "0",
      SWEEP_CONCURRENCY: "many",
      ENOS_API_BASE_URL: "http://apim.example.com",
    };
    const read = () =>
      readSettings(env, "SWEEP_SHARDS", "SWEEP_CONCURRENCY", "ENOS_API_BASE_URL", "TRACKED_TASKS_TABLE");
    for (const name of ["SWEEP_SHARDS", "SWEEP_CONCURRENCY", "ENOS_API_BASE_URL", "TRACKED_TASKS_TABLE"]) {
      expect(read).toThrow(name);
    }
  });

  it.each([
    "https://apim-ppe1.envisioniot.com",
    "https://apim:8443/",
    "http://127.0.0.1:3999",
    "http://localhost:1",
    "http://[::1]:1",
  ])("take %s for a gateway", (url) => {
    expect(readSettings({ ENOS_API_BASE_URL: url }, "ENOS_API_BASE_URL").ENOS_API_BASE_URL).toBe(
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
  ])("refuse %s for a gateway", (url) => {
    expect(() => readSettings({ ENOS_API_BASE_URL: url }, "ENOS_API_BASE_URL")).toThrow("ENOS_API_BASE_URL");
  });
});
