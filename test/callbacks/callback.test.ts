import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ApiEvent } from "../../lib/http/request.ts";
import { Cloud } from "../../local/cloud.ts";
import { apiEvent, callbackEvent } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { AwsProxy } from "../../local/harness/aws-proxy.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../local/template.ts";

// The packaged function, with the key and the queue of a local cloud.

const SCOPE = { orgId: "o15504722874071", channelId: "ch-dee0c5" };
const TASK = "79449f27d3ff44b3990c547360c2851f";
const BODY = { id: TASK, returnCode: "0", download_url: "http://files.enos.example/a.zip", dataSize: 1 };

let cloud: Cloud;
let proxy: AwsProxy;
let callback: LambdaProcess;
beforeAll(async () => {
  cloud = await Cloud.start(tableFromSource());
  proxy = await AwsProxy.start(cloud.urls);
  callback = await start();
});
afterAll(async () => {
  await callback[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await cloud.close();
});

function start(settings: Record<string, string> = {}): Promise<LambdaProcess> {
  return LambdaProcess.start(unpack("callback"), { ...cloud.env(""), ...proxy.env, ...settings });
}

async function urlOf(lambda: LambdaProcess, { orgId, channelId } = SCOPE): Promise<string> {
  const { statusCode, body } = await lambda.invoke<APIGatewayProxyStructuredResultV2>(
    apiEvent("callbackUrl", `orgId=${orgId}`, { channelId }),
  );
  expect(statusCode).toBe(200);
  return JSON.parse(body ?? "").data.callbackUrl;
}

const tokenOf = async (lambda = callback, scope = SCOPE) =>
  (await urlOf(lambda, scope)).split("/").at(-1) as string;

async function send(event: ApiEvent, lambda = callback) {
  const { statusCode, body } = await lambda.invoke<APIGatewayProxyStructuredResultV2>(event);
  return { statusCode, envelope: JSON.parse(body ?? "") };
}

/** All that is in the queue of hints, with the groups of the messages. */
async function hints(): Promise<{ hint: unknown; group: unknown }[]> {
  const { Messages = [] } = await cloud.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: cloud.env("").HINT_QUEUE_URL, MaxNumberOfMessages: 10 }),
  );
  const sent = proxy.observed
    .filter(({ call }) => call.action === "SendMessage")
    .map(({ call }) => call.input);
  return Messages.map(({ Body = "" }) => ({
    hint: JSON.parse(Body),
    group: sent.find((input) => input.MessageBody === Body)?.MessageGroupId,
  }));
}

describe("the callback's URL", () => {
  it("is at the address that is set, and the same each time", async () => {
    const url = await urlOf(callback);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:3000\/callbacks\/o15504722874071\.ch-dee0c5\.[\w-]{43}$/);
    expect(await urlOf(callback)).toBe(url);
    await using elsewhere = await start({ CALLBACK_BASE_URL: "https://downloads.example.com/enos/" });
    expect(await urlOf(elsewhere)).toBe(
      url.replace("http://127.0.0.1:3000", "https://downloads.example.com/enos"),
    );
  });

  it("is refused without a channel, or for an organisation that is not the caller's", async () => {
    await using withTokens = await start({
      JWT_ISSUER: "https://login.example.com/",
      JWT_AUDIENCE: "downloads",
    });
    const asked = apiEvent("callbackUrl", "orgId=o2", { channelId: "ch-1" });
    const claims = { orgs: "[o1]" };
    const event = { ...asked, requestContext: { ...asked.requestContext, authorizer: { jwt: { claims } } } };
    expect((await send(event, withTokens)).statusCode).toBe(403);
    const bad = apiEvent("callbackUrl", "orgId=o1", { channelId: "ch 1" });
    expect((await send(bad)).statusCode).toBe(400);
  });
});

describe("EnOS's callback", () => {
  it("becomes a hint for the organisation of its token, and is answered at once", async () => {
    const { statusCode, envelope } = await send(callbackEvent(await tokenOf(), BODY));
    expect([statusCode, envelope]).toEqual([
      202,
      { code: 0, msg: "success", requestId: "test-request", data: null },
    ]);
    // Whatever else its body says of whose task it is.
    const other = { ...SCOPE, orgId: "o2" };
    await send(callbackEvent(await tokenOf(callback, other), { ...BODY, orgId: SCOPE.orgId }));
    expect(await hints()).toEqual([
      { hint: { ...SCOPE, taskId: TASK }, group: SCOPE.orgId },
      { hint: { ...other, taskId: TASK }, group: "o2" },
    ]);
  });

  it("becomes two hints if it comes twice", async () => {
    const event = callbackEvent(await tokenOf(), BODY);
    await send(event);
    await send(event);
    expect(await hints()).toHaveLength(2);
  });

  it("with a forged token gets 404 and has no effect", async () => {
    const token = await tokenOf();
    const [orgId = "", channelId = "", mac = ""] = token.split(".");
    const forged = [
      `${orgId}.ch-other.${mac}`,
      `o2.${channelId}.${mac}`,
      `${orgId}.${channelId}.${"A".repeat(43)}`,
      `${token}A`,
      "%2e%2e%2fadmin",
      "x".repeat(10_000),
      "",
    ];
    for (const each of forged) {
      const { statusCode, envelope } = await send(callbackEvent(each, BODY));
      expect([statusCode, envelope.code]).toEqual([404, 99404]);
    }
    expect(await hints()).toEqual([]);
  });

  it.each([
    ["names no task", { returnCode: "0" }],
    ["is no JSON", "downloaded!"],
    ["is huge", { ...BODY, log_url: "x".repeat(1_000_000) }],
    ["is empty", ""],
  ])("that %s is answered like any other, and leaves nothing", async (_, body) => {
    expect((await send(callbackEvent(await tokenOf(), body))).statusCode).toBe(202);
    expect(await hints()).toEqual([]);
  });

  it("becomes a hint even as a form or in base64", async () => {
    const token = await tokenOf();
    await send(callbackEvent(token, `id=${TASK}&returnCode=0`));
    const encoded = Buffer.from(JSON.stringify(BODY)).toString("base64");
    await send({ ...callbackEvent(token, encoded), isBase64Encoded: true });
    expect((await hints()).map(({ hint }) => hint)).toEqual(Array(2).fill({ ...SCOPE, taskId: TASK }));
  });

  it("is accepted with the previous key, and with a newer one", async () => {
    const before = await tokenOf();
    await cloud.replaceCallbackKey();
    await using fresh = await start();
    expect(await tokenOf(fresh)).not.toBe(before);
    expect((await send(callbackEvent(before, BODY), fresh)).statusCode).toBe(202);
    expect((await send(callbackEvent(await tokenOf(fresh), BODY), fresh)).statusCode).toBe(202);
    expect(await hints()).toHaveLength(2);
  });

  it("is not acknowledged while the queue is unavailable", async () => {
    const event = callbackEvent(await tokenOf(), BODY);
    proxy.add({
      matches: ({ action }) => action === "SendMessage",
      fate: { kind: "refuse", httpStatus: 400, code: "AccessDenied" },
    });
    const { statusCode, envelope } = await send(event);
    proxy.clear();
    expect([statusCode, envelope.msg]).toEqual([500, "internal error"]);
  });

  it("does not leave its token in logs, and is counted by outcome", async () => {
    const token = await tokenOf();
    await send(callbackEvent(token, BODY));
    await send(callbackEvent(`${token}A`, BODY));
    await send(callbackEvent(token, {}));
    expect(callback.output).not.toContain(token);
    expect(callback.output).not.toContain(token.split(".")[2]);
    expect(callback.output).not.toContain(TASK);
    const counted = callback.output
      .split("\n")
      .filter((line) => line.includes("_aws"))
      .map((line) => JSON.parse(line));
    expect(counted.filter((metrics) => metrics.HintsTaken === 1).length).toBeGreaterThan(0);
    const reasons = counted.filter((metrics) => metrics.HintsRefused === 1).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(["forged", "malformed"]));
    await hints();
  });
});
