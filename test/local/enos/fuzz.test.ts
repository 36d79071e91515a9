import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EnosSimulator, startEnosSimulator } from "../../../local/enos/simulator.ts";
import { RawClient, send } from "./raw-client.ts";

let enos: EnosSimulator;

beforeAll(async () => {
  enos = await startEnosSimulator();
  enos.putOrganisation({ orgId: "o1", accessKey: "key1", secretKey: "secret1" });
});

afterAll(() => enos.close());

const segment = fc.oneof(
  fc.constantFrom("data-federation", "v2.0", "channels", "read", "download", "status", "download-request"),
  fc.constantFrom(
    "_admin",
    "organisations",
    "tasks",
    "faults",
    "log",
    "o1",
    "%",
    "%zz",
    "%2F",
    "..",
    "",
    "%00",
  ),
  fc.string({ maxLength: 12 }).map(encodeURIComponent),
);
const path = fc.oneof(
  fc.array(segment, { maxLength: 9 }).map((segments) => `/${segments.join("/")}`),
  segment.map((id) => `/data-federation/v2.0/channels/read/${id}/download/${id}/status`),
  segment.map((id) => `/data-federation/v2.0/channels/read/${id}/download-request`),
  fc.constantFrom("/apim-token-service/v2.0/token/get", "/apim-token-service/v2.0/token/refresh"),
);
const query = fc.oneof(
  fc.constantFrom("", "?", "?orgId=o1", "?orgId=o1&orgId=o2", "?%", "?a=%E0%A4%A"),
  fc.webQueryParameters().map((text) => `?${text}`),
);
const headerValue = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."azAZ09 %{}\"'.-".split("")), maxLength: 40 }),
  fc.constant(String(Date.now())),
);
const headers = fc.dictionary(
  fc.constantFrom(
    "apim-accesstoken",
    "apim-timestamp",
    "apim-signature",
    "content-type",
    "accept",
    "expect-not",
  ),
  headerValue,
);
const body = fc.oneof(
  fc.constant(undefined),
  fc.string(),
  fc.json(),
  fc
    .record(
      {
        appKey: fc.jsonValue(),
        encryption: fc.jsonValue(),
        timestamp: fc.jsonValue(),
        accessToken: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);

async function expectAlive() {
  const client = new RawClient(enos.url, "key1", "secret1");
  expect(await client.token()).toEqual(expect.any(String));
}

describe("the simulator survives", () => {
  it("any well-formed HTTP request, with JSON or nothing and never a 5xx of its own", async () => {
    const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS");
    await fc.assert(
      fc.asyncProperty(method, path, query, headers, body, async (verb, where, what, fields, text) => {
        const answer = await send(`${enos.url}${where}${what}`, {
          method: verb,
          headers: fields,
          ...(text === undefined ? {} : { body: text }),
        });
        expect(answer.httpStatus).toBeLessThan(500);
        if (answer.text !== "") expect(answer.json).toBeDefined();
        // A fault or an organisation that the fuzz happened to put would fail the rest.
        enos.clearFaults();
      }),
      { numRuns: 1_500 },
    );
    await expectAlive();
  });

  it("any bytes on its socket", async () => {
    const { port } = new URL(enos.url);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string().map((text) => Buffer.from(`GET /${text} HTTP/1.1\r\nhost: x\r\n\r\n`)),
      fc.string().map((text) => Buffer.from(`POST / HTTP/1.1\r\ncontent-length: 50\r\n\r\n${text}`)),
      fc
        .string()
        .map((text) =>
          Buffer.from(`POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${text}`),
        ),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.boolean(), async (data, abruptly) => {
        await new Promise<void>((resolve) => {
          const socket = connect(Number(port), "127.0.0.1", () => {
            socket.write(data, () => (abruptly ? socket.resetAndDestroy() : socket.end()));
          });
          socket.on("data", () => {});
          socket.on("error", () => {});
          socket.on("close", () => resolve());
        });
      }),
      { numRuns: 300 },
    );
    await expectAlive();
  });

  it("a body that is too large, and a caller that is not speaking HTTP, with a 4xx in JSON", async () => {
    const large = await send(`${enos.url}/apim-token-service/v2.0/token/get`, {
      method: "POST",
      body: "x".repeat(1024 * 1024 + 1),
    });
    expect([large.httpStatus, large.json.code]).toEqual([413, 99400]);
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(enos.url).port), "127.0.0.1", () =>
        socket.write("hello\r\n\r\n"),
      );
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("close", () => resolve(text));
    });
    expect(reply).toMatch(/^HTTP\/1.1 400 .*\{"code":99400/s);
  });
});
