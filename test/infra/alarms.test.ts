import { DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { PublishError } from "../../lib/events/publisher.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { openTelemetry, reportSweep } from "../../lib/telemetry.ts";
import { canaryKeys } from "../../local/harness/canary.ts";
import { type AlarmDefinition, CloudWatch } from "../support/cloudwatch.ts";
import { printedBy } from "../support/printed.ts";
import { ENDED, RUNNING, Scene } from "../support/scene.ts";
import { packagedTemplate, resolve, resourcesOf, SURROUNDINGS } from "./template.ts";

// Each alarm's own definition, over the metrics that the real engine's sweeps print in the world that it is for.

const MINUTE = 60_000;

let alarms: Map<string, AlarmDefinition>;
beforeAll(async () => {
  const template = await packagedTemplate();
  const definitions = resourcesOf(template, "AWS::CloudWatch::Alarm").map(([, { Properties }]) => {
    const name = Properties.AlarmName.replace("enos-download-status-dev-", "");
    return [name, resolve(template, Properties, SURROUNDINGS)] as [string, AlarmDefinition];
  });
  alarms = new Map(definitions);
});

let scene: Scene;
let cloudWatch: CloudWatch;
beforeEach(async () => {
  scene = await Scene.start();
  // What the alarms see is added up over shards, and each costs every sweep several calls.
  scene.settings.shardCount = 1;
  cloudWatch = new CloudWatch();
  await scene.addOrganisation("healthy");
  await scene.track("healthy", 4, RUNNING);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await scene[Symbol.asyncDispose]();
});

/** Sweeps a minute each, of which CloudWatch gets what they print. */
async function sweep(minutes: number, options: Parameters<Scene["sweep"]>[0] = {}): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    const summary = await scene.sweep(options);
    // As the function does, in a stage of its own.
    for (const line of await printedBy(() => reportSweep(openTelemetry({ STAGE: "dev" }), summary))) {
      cloudWatch.take(line, scene.time);
    }
  }
}

/** The alarms that are on, of those about what sweeps measure. */
function on(): string[] {
  const measured = [
    "sweep-missing",
    "watermark-lag",
    "organisations-stuck",
    "credentials-refused",
    "address-refused",
    "answers-unusable",
    "own-errors",
  ];
  expect([...alarms.keys()]).toEqual(expect.arrayContaining(measured));
  // Up to the end of the minute that the last sweep was in.
  return measured.filter((name) => cloudWatch.isOn(alarms.get(name) as AlarmDefinition, scene.time + MINUTE));
}

/** Sweeps until an alarm is on, for so many minutes at most; tells after how many. */
async function minutesUntilOn(
  name: string,
  most: number,
  options?: Parameters<Scene["sweep"]>[0],
): Promise<number> {
  for (let minute = 1; minute <= most; minute++) {
    await sweep(1, options);
    if (on().includes(name)) return minute;
  }
  return Number.POSITIVE_INFINITY;
}

/** Sweeps until no alarm is on. */
async function minutesUntilQuiet(most: number): Promise<number> {
  for (let minute = 1; minute <= most; minute++) {
    await sweep(1);
    if (on().length === 0) return minute;
  }
  return Number.POSITIVE_INFINITY;
}

const failing = (error: unknown) => () => Promise.reject(error);

describe("no alarm is on", () => {
  it("while all is well", async () => {
    await scene.track("healthy", 20, ENDED.succeeded, "ended");
    await sweep(20);
    expect(on()).toEqual([]);
  });

  it("for one sweep in which something failed", async () => {
    await scene.track("healthy", 5, ENDED.succeeded, "ended");
    await sweep(1, { dependencies: { events: { publish: failing(new PublishError("throttled")) } } });
    const fault = scene.enos.addFault({ kind: "reset", at: "before-answer" });
    await sweep(1);
    scene.enos.removeFault(fault);
    for (let minute = 0; minute < 20; minute++) {
      await sweep(1);
      expect(on()).toEqual([]);
    }
  });
});

describe("watermark-lag", () => {
  it("is on while there is more to check than sweeps have time for, and off afterwards", async () => {
    await scene.addOrganisation("busy");
    await scene.track("busy", 60, RUNNING);
    // Little time, and a low rate: two or three of the sixty in each sweep.
    const short = { remainingMs: 1_400, settings: { requestsPerSecond: 2 } };
    const minutes = await minutesUntilOn("watermark-lag", 20, short);
    // Ten minutes of lag, and three in which it stays.
    expect(minutes).toBeGreaterThanOrEqual(10);
    expect(minutes).toBeLessThanOrEqual(14);
    expect(on()).toEqual(["watermark-lag"]);
    expect(await minutesUntilQuiet(4)).toBeLessThanOrEqual(4);
  });

  it("is never on because of a stuck organisation", async () => {
    await scene.addOrganisation("forgotten");
    await scene.track("forgotten", 4, RUNNING);
    scene.enos.rotateCredentials("forgotten", { secretKey: "changed" });
    await sweep(40);
    expect(on()).toEqual(["credentials-refused"]);
  });
});

describe("organisations-stuck", () => {
  it.each<[string, (orgId: string) => Promise<() => Promise<unknown>>]>([
    [
      "nobody answers",
      async (orgId) => {
        const fault = scene.enos.addFault({ kind: "reset", at: "before-answer", orgId });
        return async () => scene.enos.removeFault(fault);
      },
    ],
    [
      "a limit is met at once",
      async (orgId) => {
        const fault = scene.enos.addFault({ kind: "rate-limit", orgId, endpoint: "status" });
        return async () => scene.enos.removeFault(fault);
      },
    ],
    [
      "the secret is gone",
      async (orgId) => {
        const SecretId = `enos/${orgId}`;
        await scene.cloud.secrets.send(
          new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }),
        );
        return () => scene.cloud.putSecret(orgId, canaryKeys(orgId));
      },
    ],
    [
      "the secret cannot be read",
      async (orgId) => {
        await scene.cloud.putSecret(orgId, { ...canaryKeys(orgId), accessKey: "" });
        return () => scene.cloud.putSecret(orgId, canaryKeys(orgId));
      },
    ],
  ])("is on after a quarter of an hour if %s, and off afterwards", async (_, breakIt) => {
    await scene.addOrganisation("o1");
    await scene.track("o1", 4, RUNNING);
    await sweep(5);
    const mend = await breakIt("o1");
    scene.restart();
    const minutes = await minutesUntilOn("organisations-stuck", 30);
    expect(minutes).toBeGreaterThanOrEqual(10);
    expect(minutes).toBeLessThanOrEqual(20);
    expect(on()).not.toContain("watermark-lag");
    expect(on()).not.toContain("credentials-refused");
    await mend();
    // It is probed within a quarter of an hour, and then the periods have to be over.
    expect(await minutesUntilQuiet(40)).toBeLessThanOrEqual(35);
  });
});

it("organisations-stuck is not on for an organisation that is sometimes limited", async () => {
  await scene.addOrganisation("limited");
  await scene.track("limited", 4, RUNNING);
  for (let time = 0; time < 6; time++) {
    const fault = scene.enos.addFault({ kind: "rate-limit", orgId: "limited", endpoint: "status" });
    await sweep(1);
    scene.enos.removeFault(fault);
    scene.restart();
    await sweep(3);
    expect(on()).toEqual([]);
  }
});

describe("answers-unusable", () => {
  it("is on while something other than EnOS answers, although every check counts as made, and off afterwards", async () => {
    const fault = scene.enos.addFault({ kind: "garbage" });
    scene.restart();
    expect(await minutesUntilOn("answers-unusable", 25)).toBeLessThanOrEqual(20);
    expect(on()).toEqual(["answers-unusable"]);
    scene.enos.removeFault(fault);
    expect(await minutesUntilQuiet(20)).toBeLessThanOrEqual(10);
  });
});

describe("credentials-refused and address-refused", () => {
  it("go off within a quarter of an hour", async () => {
    for (const orgId of ["o1", "o2"]) {
      await scene.addOrganisation(orgId);
      await scene.track(orgId, 4, RUNNING);
    }
    scene.enos.rotateCredentials("o1", { secretKey: "changed" });
    expect(await minutesUntilOn("credentials-refused", 20)).toBeLessThanOrEqual(16);
    expect(on()).toEqual(["credentials-refused"]);
    await scene.cloud.putSecret("o1", { ...canaryKeys("o1"), secretKey: "changed" });
    expect(await minutesUntilQuiet(40)).toBeLessThanOrEqual(31);

    scene.enos.addFault({ kind: "gateway-refusal", httpStatus: 403, orgId: "o2" });
    expect(await minutesUntilOn("address-refused", 20)).toBeLessThanOrEqual(16 + 5);
    expect(on()).toEqual(["address-refused"]);
  });
});

describe("own-errors", () => {
  it.each<[string, () => Partial<SweepDependencies>]>([
    ["SNS takes no event", () => ({ events: { publish: failing(new PublishError("throttled")) } })],
    ["no task can be read", () => ({ openTasks: scene.openTasksWith({ page: failing(new Error("gone")) }) })],
    [
      "no task can be written",
      () => ({ openTasks: scene.openTasksWith({ finish: failing(new Error("gone")) }) }),
    ],
    ["the code is wrong", () => ({ enos: { getDownloadStatus: failing(new TypeError("undefined")) } })],
  ])("is on when %s, and off afterwards", async (_, dependencies) => {
    await scene.track("healthy", 5, ENDED.succeeded, "ended");
    expect(await minutesUntilOn("own-errors", 25, { dependencies: dependencies() })).toBeLessThanOrEqual(20);
    expect(on()).not.toContain("organisations-stuck");
    expect(await minutesUntilQuiet(20)).toBeLessThanOrEqual(10);
  });
});

it("sweep-missing is on if no sweep finishes", async () => {
  await sweep(3);
  expect(on()).toEqual([]);
  scene.time += 6 * MINUTE;
  expect(on()).toEqual(["sweep-missing"]);
  await sweep(6);
  expect(on()).toEqual([]);
});
