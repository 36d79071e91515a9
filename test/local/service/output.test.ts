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
    const ofDoctor = line("WARN", { requestId: "doctor", statusCode: 404 });
    for (const quiet of ["", "Server ready", line("INFO", {}), ofDoctor])
      expect(troubleIn(quiet)).toBeUndefined();
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
