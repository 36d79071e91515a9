import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEnosSimulator } from "../../local/enos/simulator.ts";
import { listen } from "../../local/loopback.ts";
import { npmStart } from "../support/npm-start.ts";
import { Program } from "../support/program.ts";

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

let demo: Program;

// It takes longest, and can run beside the others.
beforeAll(() => {
  demo = new Program("local/demo.ts");
});

afterAll(() => demo[Symbol.asyncDispose]());

test("npm start with a real gateway: a task is tracked by the printed command and announced; Ctrl-C ends all", async () => {
  await using enos = await startEnosSimulator();
  const credentials = { accessKey: "an-access-key", secretKey: "a-secret-key" };
  enos.putOrganisation({ orgId: "o1", ...credentials });
  enos.putTask({ orgId: "o1", channelId: "ch-1", taskId: "t1", timeline: [{ afterMs: 0, progressCode: 2 }] });
  await using start = await npmStart({
    ENOS_API_BASE_URL: enos.url,
    ENOS_ORG_ID: "o1",
    ENOS_ACCESS_KEY: credentials.accessKey,
    ENOS_SECRET_KEY: credentials.secretKey,
  });
  const [setup] = await start.prints(/^export API=[\s\S]+?endpoint-url.+$/m);
  const [command] = await start.prints(/^ *curl -s -X PUT .+$/m);
  const script = `${setup.replace("CHANNEL", "ch-1").replace("download/TASK", "download/t1")}\n${command}`;
  const answer = execFileSync("bash", ["-euc", script], { encoding: "utf8" });
  expect(JSON.parse(answer)).toMatchObject({ code: 0, data: { taskId: "t1", state: "pending" } });
  await start.prints(/enos\.download\.failed +o1\/ch-1\/t1 /);
  expect(start.output).not.toContain(credentials.secretKey);

  const started = start.children();
  expect(started).toHaveLength(1);
  start.process.kill("SIGINT");
  await start.ended;
  expect(start.process.exitCode).toBe(0);
  expect(started.filter(isAlive)).toEqual([]);
});

test("npm start prints nothing more once Ctrl-C has ended it, even while it tracks its examples", async () => {
  await using start = await npmStart();
  await start.prints(/ tracked /);
  start.process.kill("SIGINT");
  await start.ended;
  expect(start.output).toMatch(/\nending …\n$/);
  expect(start.process.exitCode).toBe(0);
});

test("npm start ends with 1 and says so when the functions die", async () => {
  await using start = await npmStart();
  await start.prints(/terminal events/);
  for (const pid of start.children()) process.kill(pid, "SIGKILL");
  await start.ended;
  expect(start.output).toContain("serverless-offline has ended (SIGKILL)");
  expect(start.process.exitCode).toBe(1);
});

test("npm start with some of the gateway's settings names those that are missing", async () => {
  await using start = new Program("local/start.ts", { ENOS_ORG_ID: "o1", ENOS_ACCESS_KEY: "a" });
  await start.ended;
  expect(start.output).toContain("ENOS_API_BASE_URL, ENOS_SECRET_KEY are missing");
  expect(start.process.exitCode).toBe(1);
});

test("npm start says that its port is occupied, and takes another one only if the port was not chosen", async () => {
  {
    await using holder = await listen(createServer());
    const { port } = holder;
    await using start = new Program("local/start.ts", { HTTP_PORT: String(port) });
    await start.ended;
    expect(start.output.trim()).toBe(`port ${port} is occupied or not allowed: set HTTP_PORT to another`);
    expect(start.process.exitCode).toBe(1);
  }
  for (const HTTP_PORT of ["x", "0", "65536", "-1"]) {
    await using start = new Program("local/start.ts", { HTTP_PORT });
    await start.ended;
    expect(start.output.trim()).toBe("HTTP_PORT must be a port: a number from 1 to 65535");
  }
});

test.each([
  ["start", "local/start.ts"],
  ["demo", "local/demo.ts"],
  ["redrive", "ops/redrive/main.ts"],
  ["doctor", "ops/doctor/main.ts"],
  ["smoke", "ops/smoke/main.ts"],
  ["docs", "docs/generator/main.ts"],
  ["simulate", "bench/scale/main.ts"],
  ["bench", "bench/main.ts"],
  ["chaos", "test/chaos/main.ts"],
])("npm %s says what it takes, and refuses what it does not in one line", async (name, file) => {
  await using help = new Program(file, {}, "--help");
  await using wrong = new Program(file, {}, "--no-such-thing");
  await Promise.all([help.ended, wrong.ended]);
  expect(help.process.exitCode).toBe(0);
  expect(help.output).toMatch(new RegExp(`npm (run )?${name}`));
  expect(wrong.process.exitCode).toBe(2);
  expect(wrong.output).toBe("Unknown option '--no-such-thing' (see --help)\n");
});

test("npm run demo ends with 0 when every event came as expected", async () => {
  await demo.ended;
  expect(demo.output).toContain("every event came as expected");
  expect(demo.process.exitCode).toBe(0);
});
