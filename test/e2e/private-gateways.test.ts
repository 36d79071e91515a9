import { lookup } from "node:dns/promises";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { hostname, networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hintMessage } from "../../lib/callbacks/hint.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import { hintEvent, taskEvent } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { listen } from "../../local/loopback.ts";
import { tableFromSource } from "../../local/template.ts";
import { Authority, type Identity } from "../support/certificate.ts";
import { ENDED } from "../support/scene.ts";

// The packaged functions with a gateway behind TLS of a private CA, and with one on a host of a private network.

const ORG = "o15504722874071";
const KEYS = { accessKey: "an-access-key", secretKey: "example-secret-key" };
/** A variable that only Lambda sets, by which a function knows that it is deployed. */
const DEPLOYED = { AWS_LAMBDA_RUNTIME_API: "127.0.0.1:9001" };

const modules = {
  status: unpack("status"),
  track: unpack("track"),
  sweep: unpack("sweep"),
  hint: unpack("hint"),
};
const open = new AsyncDisposableStack();
let cloud: Cloud;
let enos: EnosSimulator;
let folder: string;

beforeAll(async () => {
  cloud = open.use(await Cloud.start(tableFromSource()));
  enos = open.use(await startEnosSimulator());
  folder = await mkdtemp(join(tmpdir(), "private-ca-"));
  open.defer(() => rm(folder, { recursive: true, force: true }));
  enos.putOrganisation({ orgId: ORG, ...KEYS });
  await cloud.putSecret(ORG, KEYS);
});
afterAll(() => open.disposeAsync());

const task = (taskId: string, orgId = ORG) => {
  enos.putTask({ orgId, channelId: "ch-1", taskId, timeline: [...ENDED.succeeded] });
  return { orgId, channelId: "ch-1", taskId };
};

/** A server that forwards every connection to `target`, with or without TLS. */
async function relay(target: string, { host = "127.0.0.1", tls }: { host?: string; tls?: Identity } = {}) {
  const handOn = (socket: Socket) => {
    const next = connect(Number(new URL(target).port), "127.0.0.1");
    for (const each of [socket, next]) each.on("error", () => {});
    socket
      .on("close", () => next.destroy())
      .pipe(next)
      .pipe(socket);
  };
  const server: Server = tls ? createTlsServer(tls, handOn) : createServer(handOn);
  server.on("tlsClientError", () => {});
  const { port } = open.use(await listen(server, 0, host));
  return `${tls ? "https" : "http"}://${host}:${port}`;
}

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const start = (name: keyof typeof modules, env: Record<string, string>) =>
  LambdaProcess.start(modules[name], env);

async function ask(status: LambdaProcess, orgId = ORG): Promise<number | undefined> {
  const answer = await status.invoke<APIGatewayProxyStructuredResultV2>(
    taskEvent("status", task("asked", orgId)),
  );
  return answer.statusCode;
}

describe("a gateway behind a private CA", () => {
  const authority = new Authority("Example Company Root");
  let url: string;
  let ca: string;
  beforeAll(async () => {
    url = await relay(enos.url, { tls: authority.issue("127.0.0.1") });
    ca = await file("ca.pem", `# Our own\n${authority.pem}`);
  });

  it("is called by every function that calls gateways", async () => {
    const env = { ...cloud.env(url), ENOS_CA_FILE: ca };
    await using status = await start("status", env);
    expect(await ask(status)).toBe(200);

    await using track = await start("track", env);
    await track.invoke(taskEvent("put", task("swept")));
    await using sweep = await start("sweep", env);
    expect((await sweep.invoke<SweepSummary>({})).finished).toEqual({ succeeded: 1 });

    const heard = await cloud.subscribe("hinted");
    await using hint = await start("hint", env);
    await hint.invoke(hintEvent(hintMessage(task("hinted"))));
    expect((await heard.poll(1)).map(({ body }) => body)).toMatchObject([{ subject: "hinted" }]);
  });

  it("is not trusted without that CA, nor with another", async () => {
    await using without = await start("status", cloud.env(url));
    expect(await ask(without)).toBe(502);
    const other = await file("other.pem", new Authority("Example Company Root").pem);
    await using withOther = await start("status", { ...cloud.env(url), ENOS_CA_FILE: other });
    expect(await ask(withOther)).toBe(502);
  });

  it("is trusted in addition to public CAs", async () => {
    // To Node, a CA that this variable names is like a public one.
    const publicCa = new Authority("Public");
    const elsewhere = await relay(enos.url, { tls: publicCa.issue("127.0.0.1") });
    enos.putOrganisation({ orgId: "o-public", ...KEYS, accessKey: "another-access-key" });
    await cloud.putSecret("o-public", { ...KEYS, accessKey: "another-access-key", baseUrl: elsewhere });
    const env = { ...cloud.env(url), NODE_EXTRA_CA_CERTS: await file("public.pem", publicCa.pem) };
    await using status = await start("status", { ...env, ENOS_CA_FILE: ca });
    expect([await ask(status), await ask(status, "o-public")]).toEqual([200, 200]);
  });

  it("does not make its CA trusted in calls to AWS", async () => {
    const secrets = await relay(cloud.urls.secrets, { tls: authority.issue("127.0.0.1") });
    const env = { ...cloud.env(url), ENOS_CA_FILE: ca, AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets };
    await using status = await start("status", env);
    expect(await ask(status)).toBe(500);
  });

  it("stops the start of a function whose CA file is missing, or is not a CA", async () => {
    const leaf = await file("leaf.pem", authority.issue("gateway.example").cert);
    for (const [path, problem] of [
      [join(folder, "missing.pem"), "cannot be read (ENOENT)"],
      [leaf, "has a certificate that is not a CA's: CN=gateway.example"],
    ] as const) {
      await expect(start("status", { ...cloud.env(url), ENOS_CA_FILE: path })).rejects.toThrow(
        `ENOS_CA_FILE ${path} ${problem}`,
      );
    }
  });
});

/** An address of this machine that other machines may reach. */
const reachable = Object.values(networkInterfaces())
  .flat()
  .find(
    (address) => address?.family === "IPv4" && !address.internal && !address.address.startsWith("169.254."),
  )?.address as string;

describe.skipIf(!reachable)("a gateway over plain http, from a deployed function", () => {
  let url: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    url = await relay(enos.url, { host: reachable });
    env = { ...cloud.env(url), ...DEPLOYED, ENOS_HTTP_HOSTS: reachable };
  });

  it("is called if its host is listed, and stops the start if it is not", async () => {
    await using status = await start("status", env);
    expect(await ask(status)).toBe(200);
    await expect(start("status", { ...env, ENOS_HTTP_HOSTS: "10.1.2.3" })).rejects.toThrow(
      "Settings: ENOS_API_BASE_URL must be https (http on hosts of ENOS_HTTP_HOSTS only)",
    );
    await expect(start("sweep", { ...env, ENOS_API_BASE_URL: enos.url })).rejects.toThrow(
      "ENOS_API_BASE_URL must not be on loopback or link-local",
    );
  });

  it("is called if a secret names it and its host is listed, but never on loopback", async () => {
    await using status = await start("status", { ...env, ENOS_API_BASE_URL: "https://apim.invalid" });
    const asked = async (orgId: string, baseUrl: string) => {
      const keys = { ...KEYS, accessKey: `key-of-${orgId}` };
      enos.putOrganisation({ orgId, ...keys });
      await cloud.putSecret(orgId, { ...keys, baseUrl });
      return ask(status, orgId);
    };
    expect(await asked("o-listed", url)).toBe(200);
    expect(await asked("o-unlisted", "http://canary.example")).toBe(500);
    expect(await asked("o-loopback", enos.url)).toBe(500);
    expect(await asked("o-metadata", "http://[::ffff:169.254.169.254]")).toBe(500);
    expect(status.output).toContain("the baseUrl in the secret of organisation o-unlisted must be https");
    expect(status.output).toContain(
      "the baseUrl in the secret of organisation o-loopback must not be on loopback or link-local",
    );
    expect(status.output).not.toMatch(/canary|key-of-|example-secret-key|169\.254/);
  });

  it("is not called if its name resolves to the function's own machine", async (context) => {
    const name = hostname().toLowerCase();
    const { address } = await lookup(name).catch(() => ({ address: "" }));
    if (!address.startsWith("127.")) context.skip();
    const own = enos.url.replace("127.0.0.1", name);
    const settings = { ...cloud.env(own), ENOS_HTTP_HOSTS: name };
    await using local = await start("status", settings);
    expect(await ask(local)).toBe(200);
    await using deployed = await start("status", { ...settings, ...DEPLOYED });
    expect(await ask(deployed)).toBe(502);
    expect(deployed.output).toContain("LOOPBACK_OR_LINK_LOCAL");
  });
});
