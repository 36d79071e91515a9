import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ListSubscriptionsByTopicCommand } from "@aws-sdk/client-sns";
import { ListQueuesCommand, PurgeQueueCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HealthStore } from "../../lib/store/health-store.ts";
import type { Shard } from "../../lib/store/shard-store.ts";
import { alarms } from "../../ops/doctor/alarms.ts";
import { sweepsAndLags } from "../../ops/doctor/sweeps.ts";
import { type Finding, lineOf, passed } from "../../ops/finding.ts";
import { newTask, type ServiceUnderTest, startService } from "../e2e/service.ts";
import { Program } from "../support/program.ts";

// The commands that look at a stage, against all of AWS that is played here, behind one address.

const SECRET_KEY = "example-secret-key";

let running: ServiceUnderTest;
let lambda: LambdaClient;
let orgId: string;
beforeAll(async () => {
  running = await startService();
  orgId = await running.organisation();
  lambda = new LambdaClient({ ...credentials(), endpoint: running.service.awsUrl, region: "eu-central-1" });
  await sweep();
}, 120_000);
afterAll(async () => {
  lambda.destroy();
  await running[Symbol.asyncDispose]();
});

function credentials() {
  return { credentials: { accessKeyId: "local", secretAccessKey: "local" } };
}

const env = () => ({
  AWS_ENDPOINT_URL: running.service.awsUrl,
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
});

const sweep = () =>
  lambda.send(new InvokeCommand({ FunctionName: "enos-download-status-dev-sweep", Payload: "{}" }));

/** What a command found, and its exit status. */
async function run(
  command: "doctor" | "smoke",
  args: string[],
  variables: Record<string, string> = env(),
): Promise<{ exit: number | null; findings: Finding[] }> {
  await using program = new Program(`ops/${command}/main.ts`, variables, "--json", ...args);
  await program.ended;
  expect(program.output).not.toContain(SECRET_KEY);
  const findings = program.output
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Finding);
  return { exit: program.process.exitCode, findings };
}

const wrong = (findings: Finding[]) =>
  findings.filter(({ ok }) => ok === false).map(({ check, says }) => `${check}: ${says}`);

describe("npm run doctor", () => {
  it("finds that a stage is fine, and lists its checks", async () => {
    const before = running.troubles.length;
    const { exit, findings } = await run("doctor", []);
    expect(wrong(findings)).toEqual([]);
    expect(exit).toBe(0);
    // Its lookup of a task that does not exist is no trouble.
    expect(running.troubles.slice(before)).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual([
      "credentials",
      "stack",
      "settings",
      "secrets",
      "gateway",
      "sweep",
      "lag",
      "stuck",
      "alarms",
      "dead letters",
    ]);
    const gateway = findings.find(({ check }) => check === "gateway");
    expect(gateway?.says).toContain(`${orgId}: EnOS answers a signed call`);
  });

  it("finds problems, each with advice", async () => {
    const { service, enos } = running;
    const refused = await running.organisation();
    enos.rotateCredentials(refused, { secretKey: "changed" });
    const astray = await running.organisation();
    await service.cloud.putSecret(astray, {
      accessKey: "a",
      secretKey: SECRET_KEY,
      baseUrl: "http://127.0.0.1:9",
    });
    const broken = await running.organisation();
    await service.cloud.putSecret(broken, { accessKey: "", secretKey: SECRET_KEY });
    const health = new HealthStore(service.cloud.db);
    const record = {
      scope: "origin" as const,
      id: "https://enos.example",
      reason: "unreachable" as const,
      since: Date.now() - 3_600_000,
      nextProbeAt: Date.now(),
      probes: 1,
      fingerprint: undefined,
    };
    const locked = {
      ...record,
      scope: "org" as const,
      id: refused,
      reason: "credentials" as const,
      since: record.since + 1_000,
    };
    await health.put(record);
    await health.put(locked);
    Object.assign(service.stack.alarms, { [`${service.stack.name}-own-errors`]: "ALARM" });
    const QueueUrl = service.cloud.hintDeadLettersUrl;
    await service.cloud.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "{}" }));
    try {
      const asked = [orgId, refused, astray, broken, "nobody"].flatMap((each) => ["--org", each]);
      const { exit, findings } = await run("doctor", asked);
      expect(exit).toBe(1);
      expect(wrong(findings)).toEqual([
        `gateway: ${refused}: 502: EnOS refuses the credentials of the organisation (code 1003)`,
        `gateway: ${astray}: 502: no connection to EnOS (ECONNREFUSED) (code 99502)`,
        `gateway: ${broken}: 500: internal error (code 99500)`,
        "gateway: nobody has no secret",
        "stuck: gateway https://enos.example for 60 min: unreachable",
        `stuck: organisation ${refused} for 60 min: credentials`,
        "alarms: own-errors is on",
        "dead letters: 1 of hints",
      ]);
      const advice = findings.flatMap(({ ok, todo, check }) => (ok === false ? [`${check}: ${todo}`] : []));
      expect(advice.filter((text) => text.endsWith("undefined"))).toEqual([]);
      expect(advice.slice(0, 2)).toEqual([
        'gateway: see docs/runbook.md, "credentials-refused" and "address-refused"',
        expect.stringMatching(/^gateway: check the gateway .+ "organisations-stuck" and "answers-unusable"$/),
      ]);
      expect(advice).toContain(
        `stuck: store its current keys: aws secretsmanager put-secret-value --region eu-central-1 --secret-id enos/${refused} --secret-string file://secret.json`,
      );
    } finally {
      await health.remove(record);
      await health.remove(locked);
      await service.cloud.sqs.send(new PurgeQueueCommand({ QueueUrl }));
      delete service.stack.alarms[`${service.stack.name}-own-errors`];
    }
  });

  it("reports in one line why it cannot check", async () => {
    const [nowhere, unknown, unreachable, ended, nobody] = await Promise.all([
      run("doctor", ["--stage", "prod"]),
      run("doctor", ["--region", "eu-west-1", "--stage", "dev", "--org", orgId]),
      run("doctor", [], { ...env(), AWS_ENDPOINT_URL: "http://aws.invalid" }),
      run("doctor", [], { ...env(), AWS_ENDPOINT_URL: "http://127.0.0.1:9" }),
      run("doctor", [], { AWS_ENDPOINT_URL: running.service.awsUrl, AWS_EC2_METADATA_DISABLED: "true" }),
    ]);
    expect(wrong(nowhere.findings)).toEqual([
      "stack: there is no stack enos-download-status-prod in eu-central-1",
    ]);
    // The local cloud does not mind.
    expect(unknown.findings[0]?.says).toContain("eu-west-1");
    expect(wrong(unreachable.findings)).toEqual([
      expect.stringMatching(
        /^credentials: AWS cannot be reached \((ENOTFOUND|EAI_AGAIN)\): check the region and the network$/,
      ),
    ]);
    expect(wrong(ended.findings)).toEqual([
      "credentials: npm start does not run at http://127.0.0.1:9, which is AWS_ENDPOINT_URL in this shell: start it, or use another shell",
    ]);
    expect(wrong(nobody.findings)).toEqual([
      "credentials: no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ]);
    expect([nowhere, unreachable, ended, nobody].map(({ exit }) => exit)).toEqual([1, 1, 1, 1]);
  });

  it("stops at a broken stack, but not at one that is being changed", async () => {
    const { stack } = running.service;
    stack.status = "UPDATE_ROLLBACK_FAILED";
    const broken = await run("doctor", []);
    stack.status = "UPDATE_IN_PROGRESS";
    const changing = await run("doctor", []);
    stack.status = "CREATE_COMPLETE";
    expect(wrong(broken.findings)[0]).toContain("continue-update-rollback");
    expect(broken.findings.at(-1)?.check).not.toBe("dead letters");
    expect(changing.findings.at(-1)?.check).toBe("dead letters");
  });
});

it("the doctor reports settings that this version does not accept in one line", async () => {
  const { stack } = running.service;
  const { Settings = "" } = stack.outputs;
  stack.outputs.Settings = JSON.stringify({ ...JSON.parse(Settings), SWEEP_SHARDS: "4096" });
  const { exit, findings } = await run("doctor", []);
  stack.outputs.Settings = Settings;
  expect(wrong(findings)).toEqual([
    "settings: this version refuses them: Settings: SWEEP_SHARDS must be at most 1024",
  ]);
  expect(exit).toBe(1);
});

it("the doctor says of an alarm that was deleted where to read how it comes back", async () => {
  const cloudWatch = { send: async () => ({ MetricAlarms: [] }) };
  const AlarmName = "enos-download-status-dev-own-errors";
  const resources = { OwnErrorsAlarm: { Type: "AWS::CloudWatch::Alarm", Properties: { AlarmName } } };
  const findings = await alarms(cloudWatch as never, { resources }, "enos-download-status-dev-");
  expect(findings.map(lineOf)).toEqual([
    '✗ alarms        own-errors is gone; see docs/runbook.md, "Undo a change made by hand"',
  ]);
});

describe("sweeps and lags", () => {
  const NOW = Date.UTC(2026, 10, 24);
  const shard = (ageSeconds: number, oldestSeconds = 0): Shard => ({
    number: 0,
    checkpoint: {
      watermark: ageSeconds === Number.POSITIVE_INFINITY ? 0 : NOW - ageSeconds * 1000,
      gaps: [],
    },
    announcedAt: NOW - 86_400_000,
    leaseUntil: 0,
    sweptBy: undefined,
    readWholeAt: 0,
    schedule: undefined,
    openTasks: 7,
    behind: {
      organisations: oldestSeconds > 0 ? 1 : 0,
      oldest: oldestSeconds > 0 ? NOW - oldestSeconds * 1000 : 0,
      oldestAnswering: 0,
    },
    writtenWatermark: 0,
  });
  const found = async (intervalSeconds: number, ...shards: Shard[]) => {
    const list = async () => shards;
    const findings = await sweepsAndLags({ list }, { shardCount: shards.length, intervalSeconds }, NOW);
    return findings.map(lineOf);
  };

  it("are fine within five intervals, as in the alarms", async () => {
    expect(await found(60, shard(299), shard(400))).toEqual([
      "✓ sweep         the last one was 5 min ago; open tasks: 14",
      "✓ lag           7 min, with stuck organisations 7 min",
    ]);
    expect(await found(600, shard(2900))).toEqual([
      "✓ sweep         the last one was 48 min ago; open tasks: 7",
      "✓ lag           48 min, with stuck organisations 48 min",
    ]);
  });

  it("are not fine after a longer time without a sweep, or if one shard is far behind", async () => {
    expect(await found(60, shard(301))).toEqual([
      '✗ sweep         the last one was 5 min ago; open tasks: 7; see docs/runbook.md, "sweep-missing"',
      "✓ lag           5 min, with stuck organisations 5 min",
    ]);
    expect(await found(60, shard(5), shard(700))).toEqual([
      "✓ sweep         the last one was 5 s ago; open tasks: 14",
      '✗ lag           12 min, with stuck organisations 12 min; see docs/runbook.md, "watermark-lag"',
    ]);
    expect(await found(60, shard(Number.POSITIVE_INFINITY))).toEqual([
      '✗ sweep         there has been none yet; see docs/runbook.md, "sweep-missing"',
    ]);
  });

  it("ignore stuck organisations", async () => {
    expect(await found(60, shard(5, 86_400))).toEqual([
      "✓ sweep         the last one was 5 s ago; open tasks: 7",
      "✓ lag           5 s, with stuck organisations 24 h",
    ]);
  });

  it("are reported in a suitable unit", () => {
    expect([5, 119, 120, 7_200, 200_000].map(passed)).toEqual(["5 s", "119 s", "2 min", "2 h", "2 days"]);
  });
});

describe("npm run smoke", () => {
  const args = (taskId: string) => ["--org", orgId, "--channel", "ch-dee0c5", "--task", taskId];

  /** What a run would have left behind. */
  async function leftovers(): Promise<unknown[]> {
    const { cloud } = running.service;
    const { Subscriptions = [] } = await cloud.sns.send(
      new ListSubscriptionsByTopicCommand({ TopicArn: cloud.topicArn }),
    );
    const { QueueUrls = [] } = await cloud.sqs.send(
      new ListQueuesCommand({ QueueNamePrefix: "enos-download-status-dev-smoke" }),
    );
    return [...Subscriptions, ...QueueUrls];
  }

  it("looks up a task, tracks it, receives its event, and cleans up", async () => {
    const task = newTask(running.enos, orgId, [{ afterMs: 0, progressCode: 2 }]);
    await using program = new Program("ops/smoke/main.ts", env(), ...args(task.taskId));
    await program.prints(/✓ track/);
    await sweep();
    await program.ended;
    expect(program.output.replace(/\d+ s/, "N s").split("\n")).toEqual([
      "✓ ask           the task is failed",
      "✓ subscribe     a temporary queue receives the channel's events",
      "✓ track         the task is tracked",
      "✓ event         enos.download.failed after N s",
      "✓ untrack       the task is no longer tracked",
      "",
    ]);
    expect(program.process.exitCode).toBe(0);
    expect(await leftovers()).toEqual([]);
    expect((await running.service.client.record(task)).status).toBe(404);
  });

  it("reports that no event came in time, and cleans up", async () => {
    const task = newTask(running.enos, orgId, [{ afterMs: 0, progressCode: 1 }]);
    const { exit, findings } = await run("smoke", [...args(task.taskId), "--timeout", "1"]);
    expect(wrong(findings)).toEqual(["event: none within 1 s"]);
    expect([exit, findings.at(-1)?.check]).toEqual([1, "untrack"]);
    expect(await leftovers()).toEqual([]);
    expect((await running.service.client.record(task)).status).toBe(404);
  });

  it("does not touch a task that somebody else is tracking", async () => {
    const task = newTask(running.enos, orgId, [{ afterMs: 0, progressCode: 1 }]);
    await running.service.client.track(task);
    const { exit, findings } = await run("smoke", args(task.taskId));
    expect(wrong(findings)).toEqual([expect.stringMatching(/^track: it has been tracked since /)]);
    expect(exit).toBe(1);
    expect(await leftovers()).toEqual([]);
    expect((await running.service.client.record(task)).status).toBe(200);
    const [, command = ""] = /stop its tracking: (.+)/.exec(findings.at(-1)?.todo ?? "") ?? [];
    await promisify(execFile)("bash", ["-c", command]);
    expect((await running.service.client.record(task)).status).toBe(404);
  });

  it("reports in one line what it cannot do", async () => {
    const [unknown, nowhere] = await Promise.all([
      run("smoke", args("nobody-knows-it")),
      run("smoke", [...args("t"), "--stage", "prod"]),
    ]);
    const [problem = ""] = wrong(unknown.findings);
    expect(problem.replace(/request [^)]+/, "request R")).toBe(
      `smoke: ${orgId}/ch-dee0c5/nobody-knows-it: EnOS does not know the task: check the ids (code 99404, request R)`,
    );
    expect(wrong(nowhere.findings)).toEqual([
      expect.stringMatching(/^smoke: there is no complete stack enos-download-status-prod in eu-central-1: /),
    ]);
    expect([unknown.exit, nowhere.exit]).toEqual([1, 1]);
  });
});
