import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SecretsManagerCredentials } from "../../lib/aws/credentials.ts";
import { SecretError, UnknownOrganisationError } from "../../lib/enos/credentials.ts";
import { type SecretsManager, startSecretsManager } from "../../local/secrets-manager/secrets-manager.ts";

const good = { accessKey: "ak", secretKey: "sk" };

let manager: SecretsManager;
let client: SecretsManagerClient;
let credentials: SecretsManagerCredentials;

beforeEach(async () => {
  manager = await startSecretsManager();
  client = new SecretsManagerClient({
    region: "eu-central-1",
    endpoint: manager.url,
    maxAttempts: 1,
    credentials: { accessKeyId: "x", secretAccessKey: "x" },
  });
  credentials = new SecretsManagerCredentials({
    prefix: "enos/",
    defaultBaseUrl: "https://apim.example",
    client,
  });
});

afterEach(() => manager.close());

const create = (orgId: string, content: unknown) =>
  client.send(
    new CreateSecretCommand({
      Name: `enos/${orgId}`,
      SecretString: typeof content === "string" ? content : JSON.stringify(content),
    }),
  );

const change = (orgId: string, content: unknown) =>
  client.send(
    new PutSecretValueCommand({ SecretId: `enos/${orgId}`, SecretString: JSON.stringify(content) }),
  );

describe("credentials", () => {
  it("are read once, however many ask, and kept", async () => {
    await create("o1", good);
    const all = await Promise.all(Array.from({ length: 30 }, () => credentials.get("o1")));
    await credentials.get("o1");
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toEqual({ ...good, baseUrl: "https://apim.example" });
    expect(manager.requests.GetSecretValue).toBe(1);
  });

  it("may name a gateway of their own", async () => {
    await create("o1", { ...good, baseUrl: "https://apim.elsewhere.example/" });
    expect((await credentials.get("o1")).baseUrl).toBe("https://apim.elsewhere.example");
  });

  it("are read afresh once for all who were refused, and not for those who come late", async () => {
    await create("o1", good);
    const old = await credentials.get("o1");
    await change("o1", { ...good, secretKey: "new" });
    const fresh = await Promise.all(Array.from({ length: 10 }, () => credentials.refresh("o1", old)));
    for (const each of fresh) expect(each.secretKey).toBe("new");
    expect(await credentials.refresh("o1", old)).toBe(fresh[0]);
    expect(manager.requests.GetSecretValue).toBe(2);
  });

  it("stay good while Secrets Manager is out", async () => {
    await create("o1", good);
    const known = await credentials.get("o1");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10 * 60_000 });
    await manager.close();
    expect(await credentials.get("o1")).toBe(known);
    await expect(credentials.refresh("o1", known)).rejects.toBeInstanceOf(SecretError);
    vi.useRealTimers();
    manager = await startSecretsManager();
  });

  it("are gone when their secret is", async () => {
    await create("o1", good);
    const known = await credentials.get("o1");
    await client.send(new DeleteSecretCommand({ SecretId: "enos/o1", ForceDeleteWithoutRecovery: true }));
    await expect(credentials.refresh("o1", known)).rejects.toBeInstanceOf(UnknownOrganisationError);
  });

  it("do not exist for an organisation without a secret", async () => {
    await expect(credentials.get("o9")).rejects.toBeInstanceOf(UnknownOrganisationError);
    await create("o9", good);
    expect(await credentials.get("o9")).toMatchObject(good);
  });

  it.each([
    ["no JSON", "accessKey=canary-key"],
    ["a missing key", { secretKey: "canary-key" }],
    ["an empty key", { accessKey: "", secretKey: "canary-key" }],
    ["a key that is no text", { accessKey: "canary-key", secretKey: 5 }],
    [
      "a gateway without TLS",
      { accessKey: "canary-key", secretKey: "s", baseUrl: "http://canary-key.example" },
    ],
    ["a list", ["canary-key"]],
  ])("say what is wrong with %s, without what it holds", async (_, content) => {
    await create("o1", content);
    const error = await credentials.get("o1").catch((reason) => reason);
    expect(error).toBeInstanceOf(SecretError);
    expect(error.message).toContain("o1");
    expect(`${error.stack} ${JSON.stringify({ ...error })} ${error.cause}`).not.toContain("canary-key");
  });

  it("say that they cannot be read when nobody answers", async () => {
    await manager.close();
    await expect(credentials.get("o1")).rejects.toThrow(SecretError);
    manager = await startSecretsManager();
  });
});
