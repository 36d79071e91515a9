import { randomUUID } from "node:crypto";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import { apiEvent, taskEvent } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../local/template.ts";
import { newTask } from "./service.ts";

// serverless-offline has no JWT authorizer for this, so events are created as API Gateway would.

let cloud: Cloud;
let enos: EnosSimulator;
let status: LambdaProcess;
let track: LambdaProcess;

const ORG = `o${randomUUID()}`;

beforeAll(async () => {
  [cloud, enos] = await Promise.all([Cloud.start(tableFromSource()), startEnosSimulator()]);
  const credentials = { accessKey: "an-access-key", secretKey: "example-secret-key" };
  enos.putOrganisation({ orgId: ORG, ...credentials });
  await cloud.putSecret(ORG, credentials);
  const env = {
    ...cloud.env(enos.url),
    JWT_ISSUER: "https://issuer.example",
    JWT_AUDIENCE: "enos-download-status",
    JWT_ORG_CLAIM: "tenants",
  };
  [status, track] = await Promise.all([
    LambdaProcess.start(unpack("status"), env),
    LambdaProcess.start(unpack("track"), env),
  ]);
});

afterAll(async () => {
  await Promise.all([status, track].map((lambda) => lambda[Symbol.asyncDispose]()));
  await enos.close();
  await cloud.close();
});

/** The status codes of a lookup, of the start of tracking and of a list, for a caller with these claims. */
async function answersTo(claims: unknown): Promise<(number | undefined)[]> {
  const task = newTask(enos, ORG, [{ afterMs: 0, progressCode: 1 }]);
  const events = [
    [status, taskEvent("status", task)],
    [track, taskEvent("put", task)],
    [track, apiEvent("list", `orgId=${ORG}`)],
  ] as const;
  const codes = [];
  for (const [lambda, event] of events) {
    const authorizer = claims === undefined ? undefined : { jwt: { claims, scopes: null } };
    const requestContext = { ...event.requestContext, ...(authorizer && { authorizer }) };
    const answer = await lambda.invoke<APIGatewayProxyStructuredResultV2>({ ...event, requestContext });
    codes.push(answer.statusCode);
    if (answer.statusCode === 403) {
      expect(JSON.parse(answer.body ?? "")).toMatchObject({ code: 99403, data: null });
    }
  }
  return codes;
}

describe("a token that names the organisation", () => {
  test.each([
    ["as the only one of an array, as API Gateway hands it over", `[${ORG}]`],
    ["in an array, as API Gateway hands it over", `[o1 ${ORG} o2]`],
    ["in a string with spaces", `o1 ${ORG}`],
    ["as a string", ORG],
    ["in a real array", ["o1", ORG]],
  ])("%s", async (_how, tenants) => {
    expect(await answersTo({ sub: "someone", tenants })).toEqual([200, 201, 200]);
  });
});

describe("a token that does not name it is 403", () => {
  test.each<[what: string, claims: unknown]>([
    ["no claims at all", undefined],
    ["claims without it", { sub: "someone" }],
    ["the default claim, where another is set", { orgs: `[${ORG}]` }],
    ["other organisations", { tenants: "[o1 o2]" }],
    ["an empty array", { tenants: "[]" }],
    ["an empty string", { tenants: "" }],
    ["the beginning of its name", { tenants: ORG.slice(0, -1) }],
    ["a longer name", { tenants: `${ORG}x` }],
    ["names with commas between them", { tenants: `o1,${ORG}` }],
    ["a number", { tenants: 1 }],
    ["true", { tenants: true }],
    ["null", { tenants: null }],
    ["an object", { tenants: { [ORG]: true } }],
    ["an array in an array", { tenants: [[ORG]] }],
  ])("%s", async (_what, claims) => {
    expect(await answersTo(claims)).toEqual([403, 403, 403]);
  });
});
