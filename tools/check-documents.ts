/**
 * `npm run check:documents`: lints docs/openapi.yaml and docs/asyncapi.yaml, generates a client from the former,
 * compiles it and runs it against the service on this machine.
 */
import { deepStrictEqual } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { TerminalEvent } from "../lib/events/event.ts";
import { startEnosSimulator } from "../local/enos/simulator.ts";
import { LocalService } from "../local/service/local-service.ts";
import { choosePorts } from "../local/service/ports.ts";

const TOOLS = fileURLToPath(new URL(".", import.meta.url));
const OPENAPI = "../docs/openapi.yaml";
const MADE = "api-client/made/api.d.ts";

/** Runs a tool of this folder; its output is shown if it fails. */
function run(what: string, command: string, ...args: string[]): string {
  try {
    const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
    const output = execFileSync(`node_modules/.bin/${command}`, args, { cwd: TOOLS, env, encoding: "utf8" });
    console.log(`${what}: well`);
    return output;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${what}: ${stdout ?? ""}${stderr ?? String(error)}`);
  }
}

// A warning counts as an error.
const report = run(
  "OpenAPI, Redocly's recommended rules",
  "redocly",
  "lint",
  OPENAPI,
  "--extends",
  "recommended",
  "--format",
  "json",
);
const { totals } = JSON.parse(report.slice(report.indexOf("{")));
deepStrictEqual({ errors: totals.errors, warnings: totals.warnings }, { errors: 0, warnings: 0 });
run(
  "OpenAPI, OWASP's rules",
  "spectral",
  "lint",
  OPENAPI,
  "--ruleset",
  "spectral.yaml",
  "--fail-severity",
  "hint",
);

const { Parser } = createRequire(import.meta.url)("@asyncapi/parser");
const { diagnostics } = await new Parser().parse(
  readFileSync(new URL("../docs/asyncapi.yaml", import.meta.url), "utf8"),
);
deepStrictEqual(diagnostics, []);
console.log("AsyncAPI: well");

mkdirSync(new URL("api-client/made", import.meta.url), { recursive: true });
run("a client's types", "openapi-typescript", OPENAPI, "--output", MADE);
run("a client with them", "tsc", "--project", "api-client");

const { askTrackAndWait } = await import("./api-client/client.ts");
await using enos = await startEnosSimulator();
const orgId = "o1";
const keys = { accessKey: "an-access-key", secretKey: "example-secret-key" };
enos.putOrganisation({ orgId, ...keys });
const others = { dynamodb: 0, messaging: 0, secrets: 0, aws: 0 };
const ports = { ...(await choosePorts({ http: 0, lambda: 0 })), ...others };
await using service = await LocalService.start({
  gatewayUrl: enos.url,
  ports,
  sweepSeconds: 1,
  onTrouble: ({ text }) => console.error(text),
});
await service.cloud.putSecret(orgId, keys);
const queue = await service.cloud.subscribe("client");
const task = { orgId, channelId: "ch-1", taskId: "t1" };
enos.putTask({
  ...task,
  // Late enough for everything before it on a slow machine, and within the wait.
  timeline: [
    { afterMs: 0, progressCode: 1 },
    { afterMs: 10_000, progressCode: 3, dataSize: 1234 },
  ],
});
const { record, ...done } = await askTrackAndWait(service.functions.url, task);
deepStrictEqual(done, {
  state: "running",
  statuses: [200],
  ended: "succeeded",
  size: 1234,
  listed: ["order-4711"],
  refused: 404,
});
deepStrictEqual([record.correlationId, record.labels], ["order-4711", { site: "Lemmer" }]);
const [message] = await queue.poll(20);
deepStrictEqual((message?.body as TerminalEvent | undefined)?.type, "enos.download.succeeded");
console.log("the client against the service on this machine: well");
