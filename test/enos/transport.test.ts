import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, isIP, type LookupFunction, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EnosClient } from "../../lib/enos/client.ts";
import { Transport } from "../../lib/enos/transport.ts";
import { listen } from "../../local/loopback.ts";
import manifest from "../../package.json" with { type: "json" };
import { http, RawGateway } from "./raw-gateway.ts";

const TASK = { orgId: "o1", channelId: "ch-1", taskId: "t1" };

const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.family === "IPv6");

let gateway: RawGateway;
/** Connections on which nothing is answered any more, as when the way to them has forgotten them. */
let dead: Set<number>;

beforeEach(async () => {
  gateway = await RawGateway.start();
  dead = new Set();
  gateway.status = (socket, { connection }) => {
    if (!dead.has(connection)) setTimeout(() => socket.write(http("200 OK")), 10);
  };
});

afterEach(async () => {
  vi.useRealTimers();
  await gateway[Symbol.asyncDispose]();
});

const connections = () => new Set(gateway.requests.map(({ connection }) => connection));

describe("connections to EnOS", () => {
  it("are reused", async () => {
    const client = gateway.client();
    for (let times = 0; times < 5; times++) await client.getDownloadStatus(TASK);
    // The first may not be free yet when the second is needed.
    expect(connections().size).toBeLessThanOrEqual(2);
  });

  it.each([
    ["the clock of the day went on", ["Date"] as const],
    ["only the clock that never goes back went on", ["performance"] as const],
  ])("are not trusted after a freeze in which %s", async (_, clocks) => {
    const client = gateway.client();
    await Promise.all(Array.from({ length: 10 }, () => client.getDownloadStatus(TASK)));
    dead = connections();
    const before = { now: Date.now(), elapsed: performance.now() };
    vi.useFakeTimers({ toFake: [...clocks], now: before.now + 60_000 });
    if (clocks[0] === "performance") vi.spyOn(performance, "now").mockReturnValue(before.elapsed + 60_000);
    gateway.reset();
    for (const singleAttempt of [true, false]) {
      const calls = Array.from({ length: 10 }, () => client.getDownloadStatus(TASK, { singleAttempt }));
      for (const { state } of await Promise.all(calls)) expect(state).toBe("succeeded");
    }
    for (const connection of connections()) expect(dead).not.toContain(connection);
    vi.restoreAllMocks();
  });

  it("that have been closed do not cost a sweep's check an attempt", async () => {
    const client = gateway.client();
    await Promise.all(Array.from({ length: 10 }, () => client.getDownloadStatus(TASK)));
    const closed = connections();
    gateway.status = (socket, { connection }) => {
      if (closed.has(connection)) socket.resetAndDestroy();
      else socket.write(http("200 OK"));
    };
    const calls = Array.from({ length: 20 }, () => client.getDownloadStatus(TASK, { singleAttempt: true }));
    for (const { state } of await Promise.all(calls)) expect(state).toBe("succeeded");
  });

  it.skipIf(!hasIPv6).each([
    ["an address that does not answer comes first", ["::1", "127.0.0.1"]],
    ["two come first", ["::1", "::1", "127.0.0.1"]],
    ["it comes last", ["127.0.0.1", "::1"]],
    ["nobody listens at the first", ["127.0.0.9", "127.0.0.1"]],
  ])("are made to the address that answers where %s", async (_, addresses) => {
    await using stalled = await StalledAddress.start("::1");
    await using answering = await RawGateway.start(stalled.port);
    const lookup: LookupFunction = (_hostname, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      );
    const credentials = { ...answering.credentials, baseUrl: `http://gateway.example:${stalled.port}` };
    const client = new EnosClient({
      credentials: { get: async () => credentials, refresh: async () => credentials },
      transport: new Transport({ lookup }),
    });
    expect((await client.getDownloadStatus(TASK, { singleAttempt: true })).state).toBe("succeeded");
  });
});

it("a gateway that does not speak TLS is not called repeatedly", async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on("error", () => {});
    socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  await using plain = await listen(server);
  const client = gateway.client({ ...gateway.credentials, baseUrl: `https://127.0.0.1:${plain.port}` });
  await expect(client.getDownloadStatus(TASK)).rejects.toMatchObject({
    kind: "unreachable",
    isConnected: false,
  });
  expect(connections).toBe(1);
});

describe("a request", () => {
  it("has a user agent, and asks for an uncompressed answer", async () => {
    await gateway.client().getDownloadStatus(TASK);
    expect(gateway.requests).toHaveLength(2);
    for (const { head } of gateway.requests) {
      expect(head).toMatch(new RegExp(`^user-agent: enos-download-status/${manifest.version}$`, "m"));
      expect(head).toMatch(/^accept-encoding: identity$/m);
    }
  });
});

/** Connections that fill the shortest queue. */
const FILLERS = 6;

/** An address whose queue of connections is full: whoever connects to it hears nothing. */
class StalledAddress implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #fillers: Socket[];

  private constructor(port: number, child: ChildProcess, host: string) {
    this.port = port;
    this.#child = child;
    this.#fillers = Array.from({ length: FILLERS }, () => connect(port, host).on("error", () => {}));
  }

  static async start(host: string): Promise<StalledAddress> {
    const program = `const server = require("node:net").createServer();
      server.listen({ port: 0, host: "${host}", backlog: 1 }, () => console.log(server.address().port));`;
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(child.stdout, "data");
    child.kill("SIGSTOP");
    const stalled = new StalledAddress(Number(String(line)), child, host);
    await sleep(50);
    return stalled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}
