import { createServer, type Socket } from "node:net";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AwsConnections } from "../../lib/aws/connections.ts";
import { type Loopback, listen } from "../../local/loopback.ts";

const BODY = JSON.stringify({ Name: "a", SecretString: "b" });
const HEAD = `HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: ${BODY.length}\r\n\r\n`;

/** What becomes of a request on a connection. */
type Fate = "answer" | "silence" | "reset" | "stop in the body";

let loopback: Loopback;
let client: SecretsManagerClient;
/** Every connection so far, with what becomes of requests on it. */
let connections: { socket: Socket; fate: Fate; requests: number }[];
/** What becomes of requests on connections that come from now on. */
let fate: Fate;

beforeEach(async () => {
  connections = [];
  fate = "answer";
  const server = createServer((socket) => {
    const connection = { socket, fate, requests: 0 };
    connections.push(connection);
    socket.on("error", () => {});
    socket.on("data", () => {
      connection.requests++;
      if (connection.fate === "answer") setTimeout(() => socket.write(HEAD + BODY), 20);
      if (connection.fate === "reset") socket.resetAndDestroy();
      if (connection.fate === "stop in the body") socket.write(HEAD + BODY.slice(0, 5));
    });
  });
  loopback = await listen(server);
  client = new SecretsManagerClient({
    region: "eu-central-1",
    endpoint: loopback.url,
    maxAttempts: 2,
    requestHandler: new AwsConnections({ answerMs: 300 }),
    credentials: { accessKeyId: "x", secretAccessKey: "x" },
  });
});

afterEach(async () => {
  vi.useRealTimers();
  client.destroy();
  await loopback[Symbol.asyncDispose]();
});

const call = () => client.send(new GetSecretValueCommand({ SecretId: "a" }));
const callMany = (count: number) => Promise.all(Array.from({ length: count }, call));

/** Leaves so many connections idle, on which requests have this fate from now on. */
async function leaveIdle(count: number, next: Fate): Promise<void> {
  await callMany(count);
  expect(connections).toHaveLength(count);
  for (const connection of connections) connection.fate = next;
}

describe("connections to AWS", () => {
  it("are reused", async () => {
    for (let times = 0; times < 5; times++) await call();
    expect(connections).toHaveLength(1);
  });

  it.each<Fate>(["silence", "reset"])(
    "that meet all calls with %s cost a call one attempt, and not one for each of them",
    async (next) => {
      await leaveIdle(15, next);
      expect((await call()).SecretString).toBe("b");
      expect(connections.map(({ requests }) => requests).filter((requests) => requests > 1)).toHaveLength(1);
      expect(connections).toHaveLength(16);
    },
  );

  it("are closed if an answer stops in the middle", async () => {
    await leaveIdle(1, "stop in the body");
    expect((await call()).SecretString).toBe("b");
    expect(connections).toHaveLength(2);
  });

  it("cost each of many concurrent calls one attempt if all are dead", async () => {
    await leaveIdle(10, "silence");
    expect(await callMany(20)).toHaveLength(20);
  });

  it("are not reused after a while, since a frozen process does not close them in time", async () => {
    await leaveIdle(5, "silence");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    const failing = vi.spyOn(AwsConnections.prototype, "handle");
    expect((await call()).SecretString).toBe("b");
    expect(failing).toHaveBeenCalledTimes(1);
    failing.mockRestore();
  });

  it("do not affect other calls when they break", async () => {
    await leaveIdle(1, "reset");
    const others = callMany(3);
    await Promise.all([call(), others]);
  });

  it("time out if nothing answers", async () => {
    fate = "silence";
    await expect(call()).rejects.toMatchObject({ name: "TimeoutError" });
    fate = "stop in the body";
    await expect(call()).rejects.toThrow();
    expect(connections).toHaveLength(4);
  });
});
