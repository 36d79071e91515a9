import { describe, expect, it } from "vitest";
import { troubleIn, withoutRepetition } from "../../../local/service/output.ts";

const line = (level: string, details: object) =>
  JSON.stringify({ level, message: "check failed", ...details });

describe("what serverless-offline prints", () => {
  it("is a problem if it is an error of its own, or a warning or an error of a function", () => {
    expect(troubleIn("\u001b[31m×\u001b[39m no such route")?.text).toBe("no such route");
    const details = { reason: "secret", orgId: "o1", taskId: "t1" };
    expect(troubleIn(line("WARN", { timestamp: "now", service: "sweep", ...details }))).toEqual({
      text: `check failed ${JSON.stringify(details)}`,
      kind: "check failed secret o1",
    });
    expect(troubleIn('{"level":"ERROR", cut')?.text).toBe('{"level":"ERROR", cut');
    const ofDoctor = line("WARN", { requestId: "doctor", statusCode: 502 });
    const ofCaller = line("WARN", { requestId: "r1", statusCode: 404, error: "EnOS refuses the request" });
    for (const quiet of ["", "Server ready", line("INFO", {}), ofDoctor, ofCaller])
      expect(troubleIn(quiet)).toBeUndefined();
  });

  it("is another problem if another organisation, gateway or error is concerned, but not for each request", () => {
    const failed = { statusCode: 500, code: 99500, error: "the secret of o1 is not JSON" };
    const lines = [
      { requestId: "r1", ...failed },
      { requestId: "r2", ...failed, error: "the secret of o2 is not JSON" },
      { requestId: "r3", ...failed, statusCode: 502, code: 99502 },
      { reason: "unreachable", gateway: "https://a.example" },
      { reason: "unreachable", gateway: "https://b.example" },
      { reason: "timeout", orgId: "o1" },
      { reason: "timeout", orgId: "o2" },
    ];
    const kindOf = (details: object) => troubleIn(line("WARN", details))?.kind;
    expect(new Set(lines.map(kindOf)).size).toBe(lines.length);
    expect(kindOf({ requestId: "r4", ...failed })).toBe(kindOf({ requestId: "r1", ...failed }));
    expect(kindOf({ reason: "timeout", orgId: "o1", taskId: "t1", error: "late" })).toBe(
      kindOf({ reason: "timeout", orgId: "o1", taskId: "t2", error: "too late" }),
    );
  });
});

describe("a recurring problem", () => {
  it("is reported at once, then every five minutes with its count; another one is reported at once", () => {
    let now = 0;
    const told: string[] = [];
    const hear = withoutRepetition(
      (text) => told.push(text),
      () => now,
    );
    for (; now < 10 * 60_000; now += 2_000) {
      hear({ text: `task ${now}`, kind: "secret o1" });
      if (now === 4_000) hear({ text: "another", kind: "secret o2" });
    }
    expect(told).toEqual(["task 0", "another", "task 300000 (and 149 times before)"]);
  });
});
