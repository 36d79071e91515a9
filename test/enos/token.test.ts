import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EnosClient } from "../../lib/enos/client.ts";

let server: Server;
let data: unknown;
let client: EnosClient;

beforeEach(async () => {
  server = createServer((_request, response) => response.end(JSON.stringify({ status: 0, data })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const credentials = {
    accessKey: "ak",
    secretKey: "sk",
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requestsPerSecond: undefined,
  };
  client = new EnosClient({
    credentials: { get: async () => credentials, refresh: async () => credentials },
  });
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe("a token answer", () => {
  it.each([
    ["nothing", null],
    ["a list", []],
    ["no token", { expire: 7200 }],
    ["an empty token", { accessToken: "", expire: 7200 }],
    ["a token that is no text", { accessToken: { a: 1 }, expire: 7200 }],
    ["a token that would add a header", { accessToken: "a\r\nhost: other.example", expire: 7200 }],
    ["a token that no header can carry", { accessToken: "ab\u{1F600}", expire: 7200 }],
    ["no life time", { accessToken: "abc" }],
    ["a life time that is no number", { accessToken: "abc", expire: "soon" }],
  ])("with %s is malformed", async (_, answer) => {
    data = answer;
    await expect(
      client.getDownloadStatus({ orgId: "o1", channelId: "ch-1", taskId: "t1" }),
    ).rejects.toMatchObject({ kind: "malformed" });
  });
});
