import { createSign } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, createServer as createTlsServer } from "node:https";
import { connect as tcpConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EVENT } from "../../docs/generator/events.ts";
import { receiver } from "../../examples/https-receiver/receiver.ts";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { listen } from "../../local/loopback.ts";

// A key and a certificate of this test's own: nobody else's server has them.
const [key, cert] = ["key", "certificate"].map((name) =>
  readFileSync(new URL(`certificate/${name}.pem`, import.meta.url), "utf8"),
) as [string, string];

const HOST = "https://sns.eu-central-1.amazonaws.com";
const CERTIFICATE = `${HOST}/SimpleNotificationService-${"0".repeat(32)}.pem`;
const TOPIC = "arn:aws:sns:eu-central-1:123456789012:events";

const servers = new AsyncDisposableStack();
let url: string;
const asked: string[] = [];
const acted: TerminalEvent[] = [];
const errors: unknown[] = [];

beforeAll(async () => {
  // Plays SNS: it has the certificate, and takes confirmations.
  const sns = createTlsServer({ key, cert }, (request, response) => {
    asked.push(request.url ?? "");
    response.end(cert);
  });
  const { port } = servers.use(await listen(sns));
  const agent = new Agent({ ca: cert });
  // Every host is that server; its certificate is checked against the name that was asked for.
  Object.assign(agent, {
    createConnection: (options: object) =>
      tlsConnect({
        ...options,
        ca: cert,
        servername: "sns.eu-central-1.amazonaws.com",
        socket: tcpConnect(port, "127.0.0.1"),
      }),
  });
  const server = receiver({
    topicArn: TOPIC,
    agent,
    act: async (event) => {
      if (event.subject === "fails") throw new Error("the work failed");
      acted.push(event);
    },
    onError: (error) => errors.push(error),
  });
  ({ url } = servers.use(await listen(server)));
});

afterAll(() => servers.disposeAsync());

beforeEach(() => {
  asked.length = acted.length = errors.length = 0;
});

const message = (changes: Record<string, unknown> = {}) => ({
  Type: "Notification",
  MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
  TopicArn: TOPIC,
  Message: JSON.stringify(EVENT),
  Timestamp: "2026-11-24T18:56:38.100Z",
  SignatureVersion: "2",
  SigningCertURL: CERTIFICATE,
  UnsubscribeURL: `${HOST}/?Action=Unsubscribe`,
  ...changes,
});

/** The message with its signature, as SNS makes it. */
function signed(sent: Record<string, unknown>, signWith = key): Record<string, unknown> {
  const names =
    sent.Type === "Notification"
      ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
      : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
  const text = names.filter((name) => name in sent).map((name) => `${name}\n${sent[name]}\n`);
  const sign = createSign(sent.SignatureVersion === "1" ? "RSA-SHA1" : "RSA-SHA256").update(text.join(""));
  return { ...sent, Signature: sign.sign(signWith, "base64") };
}

async function post(body: unknown): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return response.status;
}

describe("the HTTPS receiver", () => {
  it.each(["1", "2"])(
    "acts on a message whose signature of version %s is right",
    async (SignatureVersion) => {
      expect(await post(signed(message({ SignatureVersion })))).toBe(204);
      expect(acted).toEqual([EVENT]);
    },
  );

  it("confirms a subscription, but only with SNS", async () => {
    const confirmation = { Type: "SubscriptionConfirmation", Token: "a-token", Message: "You have chosen" };
    const SubscribeURL = `${HOST}/?Action=ConfirmSubscription&Token=a-token`;
    expect(await post(signed(message({ ...confirmation, SubscribeURL })))).toBe(204);
    expect(asked).toContain("/?Action=ConfirmSubscription&Token=a-token");
    asked.length = 0;
    for (const elsewhere of [
      "https://evil.example/?Action",
      "https://sns.eu-central-1.amazonaws.com.evil.example/",
      "http://169.254.169.254/",
    ]) {
      expect(await post(signed(message({ ...confirmation, SubscribeURL: elsewhere })))).toBe(500);
    }
    expect(asked).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ["without a signature", () => message()],
    [
      "that was changed",
      () => ({ ...signed(message()), Message: JSON.stringify({ ...EVENT, subject: "another" }) }),
    ],
    ["signed for another topic", () => signed(message({ TopicArn: `${TOPIC}-2` }))],
    ["whose topic was changed", () => ({ ...signed(message({ TopicArn: `${TOPIC}-2` })), TopicArn: TOPIC })],
    [
      "whose certificate is elsewhere",
      () => signed(message({ SigningCertURL: "https://evil.example/SimpleNotificationService-0.pem" })),
    ],
    ["of a signature version that there is not", () => signed(message({ SignatureVersion: "3" }))],
    ["of another type", () => signed(message({ Type: "Other" }))],
    ["that is no JSON", () => "{"],
    ["that is null", () => null],
  ])("refuses a message %s", async (_what, make) => {
    expect(await post(make())).toBe(403);
    expect(acted).toEqual([]);
  });

  it("makes SNS retry what failed, and refuses messages of a raw subscription", async () => {
    expect(await post(signed(message({ Message: JSON.stringify({ ...EVENT, subject: "fails" }) })))).toBe(
      500,
    );
    expect(await post(signed(message({ Message: "{}" })))).toBe(500);
    expect(await post(EVENT)).toBe(403);
  });

  it("accepts no other method, and no endless body", async () => {
    expect((await fetch(url)).status).toBe(405);
    expect(await post("x".repeat(1024 * 1024 + 1)).catch(() => 413)).toBe(413);
  });
});
