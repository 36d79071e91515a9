import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SecretsManager, startSecretsManager } from "../../../local/secrets-manager/secrets-manager.ts";
import { send } from "../enos/raw-client.ts";

let server: SecretsManager;
let client: SecretsManagerClient;

beforeEach(async () => {
  server = await startSecretsManager();
  client = new SecretsManagerClient({
    endpoint: server.url,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
});

afterEach(async () => {
  client.destroy();
  await server.close();
});

const create = (SecretString: string) =>
  client.send(new CreateSecretCommand({ Name: "enos/o1", SecretString }));
const get = (changes: { SecretId?: string; VersionId?: string; VersionStage?: string } = {}) =>
  client.send(new GetSecretValueCommand({ SecretId: "enos/o1", ...changes }));
const put = (changes: { SecretString?: string; ClientRequestToken?: string; VersionStages?: string[] }) =>
  client.send(new PutSecretValueCommand({ SecretId: "enos/o1", ...changes }));

describe("a secret", () => {
  it("is read by name, by ARN and by the ARN's name", async () => {
    const { ARN, VersionId } = await create("one");
    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:\d{12}:secret:enos\/o1-[A-Za-z0-9]{6}$/);
    for (const SecretId of ["enos/o1", ARN as string, (ARN as string).slice(0, -7)]) {
      expect(await get({ SecretId })).toMatchObject({
        ARN,
        Name: "enos/o1",
        VersionId,
        SecretString: "one",
        VersionStages: ["AWSCURRENT"],
        CreatedDate: expect.any(Date),
      });
    }
    expect(server.requests.GetSecretValue).toBe(3);
  });

  it("keeps its previous version under AWSPREVIOUS, and no older one", async () => {
    const first = await create("one");
    await put({ SecretString: "two" });
    await put({ SecretString: "three" });
    expect((await get()).SecretString).toBe("three");
    expect((await get({ VersionStage: "AWSPREVIOUS" })).SecretString).toBe("two");
    await expect(get({ VersionId: first.VersionId as string })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  it("accepts a version with another stage, without touching the current one", async () => {
    await create("one");
    const pending = await put({ SecretString: "two", VersionStages: ["AWSPENDING"] });
    expect(pending.VersionStages).toEqual(["AWSPENDING"]);
    expect((await get()).SecretString).toBe("one");
    expect((await get({ VersionStage: "AWSPENDING" })).SecretString).toBe("two");
    expect((await get({ VersionId: pending.VersionId as string })).SecretString).toBe("two");
    await expect(
      get({ VersionId: pending.VersionId as string, VersionStage: "AWSCURRENT" }),
    ).rejects.toMatchObject({ name: "InvalidRequestException" });
  });

  it("is put once per ClientRequestToken", async () => {
    await create("one");
    const ClientRequestToken = "11111111-2222-4333-8444-555555555555";
    await put({ SecretString: "two", ClientRequestToken });
    const again = await put({ SecretString: "two", ClientRequestToken });
    expect(again.VersionId).toBe(ClientRequestToken);
    expect((await get({ VersionStage: "AWSPREVIOUS" })).SecretString).toBe("one");
    await expect(put({ SecretString: "three", ClientRequestToken })).rejects.toMatchObject({
      name: "ResourceExistsException",
    });
  });

  it("can be updated, and deleted temporarily or permanently", async () => {
    const { ARN } = await create("one");
    await client.send(new UpdateSecretCommand({ SecretId: "enos/o1", SecretString: "two" }));
    expect((await get()).SecretString).toBe("two");
    await client.send(new DeleteSecretCommand({ SecretId: "enos/o1" }));
    await expect(get()).rejects.toMatchObject({ name: "InvalidRequestException" });
    await expect(create("again")).rejects.toMatchObject({ name: "InvalidRequestException" });
    await client.send(new DeleteSecretCommand({ SecretId: "enos/o1", ForceDeleteWithoutRecovery: true }));
    await expect(get()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    expect((await create("anew")).ARN).not.toBe(ARN);
  });

  it("is described without its value, even if it is to be deleted", async () => {
    const describe = () => client.send(new DescribeSecretCommand({ SecretId: "enos/o1" }));
    await expect(describe()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    const { ARN, VersionId } = await create("one");
    const described = await describe();
    expect(described).toMatchObject({ ARN, Name: "enos/o1" });
    expect(described.VersionIdsToStages).toEqual({ [VersionId as string]: ["AWSCURRENT"] });
    expect(described.DeletedDate).toBeUndefined();
    expect(JSON.stringify(described)).not.toContain("one");
    await client.send(new DeleteSecretCommand({ SecretId: "enos/o1" }));
    expect((await describe()).DeletedDate).toBeInstanceOf(Date);
    await client.send(new CreateSecretCommand({ Name: "empty" }));
    const empty = await client.send(new DescribeSecretCommand({ SecretId: "empty" }));
    expect(empty.VersionIdsToStages).toBeUndefined();
  });

  it("can contain bytes", async () => {
    const bytes = new Uint8Array([0, 1, 254, 255]);
    await client.send(new CreateSecretCommand({ Name: "bytes", SecretBinary: bytes }));
    expect(new Uint8Array((await get({ SecretId: "bytes" })).SecretBinary ?? [])).toEqual(bytes);
  });
});

describe("errors", () => {
  it("have the names and status of the real ones", async () => {
    await expect(get()).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "Secrets Manager can't find the specified secret.",
      $metadata: { httpStatusCode: 400 },
    });
    await create("one");
    await expect(create("one")).rejects.toMatchObject({ name: "ResourceExistsException" });
    await expect(put({})).rejects.toMatchObject({ name: "InvalidRequestException" });
    await expect(get({ VersionStage: "NONE" })).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await expect(get({ SecretId: "" })).rejects.toMatchObject({ name: "InvalidParameterException" });
    await expect(put({ SecretString: "x", ClientRequestToken: "short" })).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
  });

  it("are returned for any invalid request", async () => {
    await create("one");
    const target = fc.oneof(
      fc.constantFrom(
        "secretsmanager.GetSecretValue",
        "secretsmanager.CreateSecret",
        "secretsmanager.PutSecretValue",
        "secretsmanager.toString",
        "secretsmanager.",
        "other.GetSecretValue",
      ),
    );
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record(
          { Name: fc.jsonValue(), SecretId: fc.jsonValue(), VersionStages: fc.jsonValue() },
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("POST", "GET", "PUT"), target, text, async (method, name, body) => {
        const answer = await send(server.url, { method, headers: { "x-amz-target": name }, body });
        expect([200, 400]).toContain(answer.httpStatus);
        expect(answer.json).toBeDefined();
      }),
      { numRuns: 500 },
    );
    expect((await get()).SecretString).toBe("one");
  });
});
