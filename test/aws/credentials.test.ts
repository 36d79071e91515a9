import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SecretsManagerCredentials } from "../../lib/aws/credentials.ts";
import { SecretError, UnknownOrganisationError } from "../../lib/enos/credentials.ts";
import { type SecretsManager, startSecretsManager } from "../../local/secrets-manager/secrets-manager.ts";
import { startSecrets } from "../support/secrets.ts";

const good = { accessKey: "ak", secretKey: "sk" };

let manager: SecretsManager;
let client: SecretsManagerClient;
let credentials: SecretsManagerCredentials;

beforeEach(async () => {
  ({ manager, client } = await startSecrets());
  credentials = new SecretsManagerCredentials({
    prefix: "enos/",
    defaultBaseUrl: "https://apim.example",
    gateways: { httpHosts: [], isDeployed: false },
    client,
  });
});

afterEach(() => manager.close());

const create = (orgId: string, content: unknown) =>
  client.send(
    new CreateSecretCommand({
      Name: `enos/${orgId}`,
      ...(isBinary(content)
        ? content
        : { SecretString: typeof content === "string" ? content : JSON.stringify(content) }),
    }),
  );

const isBinary = (content: unknown): content is { SecretBinary: Uint8Array } =>
  Object.hasOwn(content as object, "SecretBinary");

const change = (orgId: string, content: unknown) =>
  client.send(
    new PutSecretValueCommand({ SecretId: `enos/${orgId}`, SecretString: JSON.stringify(content) }),
  );

describe("credentials", () => {
  it("are read once for concurrent callers, and cached", async () => {
    await create("o1", good);
    const all = await Promise.all(Array.from({ length: 30 }, () => credentials.get("o1")));
    await credentials.get("o1");
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toEqual({ ...good, baseUrl: "https://apim.example" });
    expect(manager.requests.GetSecretValue).toBe(1);
  });

  it.each<[what: string, secret: { SecretString: string } | { SecretBinary: Uint8Array }]>([
    ["as bytes", { SecretBinary: Buffer.from(JSON.stringify(good)) }],
    ["with a byte-order mark", { SecretString: `\uFEFF${JSON.stringify(good)}` }],
    ["as bytes with a byte-order mark", { SecretBinary: Buffer.from(`\uFEFF${JSON.stringify(good)}`) }],
  ])("may be stored %s", async (_, secret) => {
    await client.send(new CreateSecretCommand({ Name: "enos/o1", ...secret }));
    expect(await credentials.get("o1")).toMatchObject(good);
  });

  it("may limit the calls per second to their gateway", async () => {
    await create("o1", { ...good, requestsPerSecond: 2.5 });
    expect((await credentials.get("o1")).requestsPerSecond).toBe(2.5);
    for (const [orgId, requestsPerSecond] of Object.entries({
      o2: 0,
      o3: 1e-9,
      o4: "2",
      o5: null,
      o6: 1e300,
    })) {
      await create(orgId, { ...good, requestsPerSecond });
      await expect(credentials.get(orgId)).rejects.toThrow("requestsPerSecond");
    }
  });

  it("may name a gateway of their own", async () => {
    await create("o1", { ...good, baseUrl: "https://apim.elsewhere.example/" });
    expect((await credentials.get("o1")).baseUrl).toBe("https://apim.elsewhere.example");
  });

  it("are used as soon as an invalid secret is corrected", async () => {
    await create("o1", "{ not JSON");
    await expect(credentials.get("o1")).rejects.toThrow(SecretError);
    await change("o1", { ...good, accessKey: "" });
    await expect(credentials.get("o1")).rejects.toThrow("accessKey");
    await change("o1", good);
    const read = await credentials.get("o1");
    expect(read).toMatchObject(good);
    expect(await credentials.get("o1")).toBe(read);
    // One that was good, and is changed for the worse, and back.
    await change("o1", { ...good, secretKey: 7 });
    await expect(credentials.refresh("o1", read)).rejects.toThrow("secretKey");
    await change("o1", good);
    expect(await credentials.get("o1")).toMatchObject(good);
    const reads = manager.requests.GetSecretValue;
    await credentials.get("o1");
    expect(manager.requests.GetSecretValue).toBe(reads);
  });

  it("are read again once for all refused calls, and not for late ones", async () => {
    await create("o1", good);
    const old = await credentials.get("o1");
    await change("o1", { ...good, secretKey: "new" });
    const fresh = await Promise.all(Array.from({ length: 10 }, () => credentials.refresh("o1", old)));
    for (const each of fresh) expect(each.secretKey).toBe("new");
    expect(await credentials.refresh("o1", old)).toBe(fresh[0]);
    expect(manager.requests.GetSecretValue).toBe(2);
  });

  it("remain in use while Secrets Manager is unavailable", async () => {
    await create("o1", good);
    const known = await credentials.get("o1");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10 * 60_000 });
    await manager.close();
    expect(await credentials.get("o1")).toBe(known);
    await expect(credentials.refresh("o1", known)).rejects.toBeInstanceOf(SecretError);
    vi.useRealTimers();
    manager = await startSecretsManager();
  });

  it("are not requested again at once while Secrets Manager is unavailable", async () => {
    await create("o1", good);
    const known = await credentials.get("o1");
    const send = vi.spyOn(client, "send");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10 * 60_000 });
    await manager.close();
    for (let times = 0; times < 5; times++) expect(await credentials.get("o1")).toBe(known);
    expect(send).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + 31_000);
    expect(await credentials.get("o1")).toBe(known);
    expect(send).toHaveBeenCalledTimes(2);
    vi.useRealTimers();
    manager = await startSecretsManager();
  });

  it("expire even if the clock is set back", async () => {
    await create("o1", good);
    vi.useFakeTimers({ toFake: ["Date", "performance"], now: Date.now() + 60 * 60_000 });
    await credentials.get("o1");
    await change("o1", { ...good, secretKey: "new" });
    vi.advanceTimersByTime(6 * 60_000);
    vi.setSystemTime(Date.now() - 60 * 60_000);
    expect((await credentials.get("o1")).secretKey).toBe("new");
    vi.useRealTimers();
  });

  it("do not exist if the secret is marked for deletion or has no value", async () => {
    await create("o1", good);
    await client.send(new DeleteSecretCommand({ SecretId: "enos/o1" }));
    await client.send(new CreateSecretCommand({ Name: "enos/o2" }));
    for (const orgId of ["o1", "o2"]) {
      await expect(credentials.get(orgId)).rejects.toBeInstanceOf(UnknownOrganisationError);
    }
  });

  it("disappear with their secret", async () => {
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
    ["no JSON", "accessKey=canary-key", "is not JSON"],
    [
      "another encoding",
      { SecretBinary: Buffer.from('{"accessKey":"canary-key"}', "utf16le") },
      "is not JSON",
    ],
    [
      "bytes that are no text",
      { SecretBinary: Buffer.concat([Buffer.from("canary-key"), Buffer.from([0xff])]) },
      "is not text",
    ],
    ["a missing key", { secretKey: "canary-key" }, "has no valid accessKey"],
    ["an empty key", { accessKey: "", secretKey: "canary-key" }, "has no valid accessKey"],
    ["a key that is no text", { accessKey: "canary-key", secretKey: 5 }, "has no valid secretKey"],
    ["no key", { baseUrl: "https://canary-key.example" }, "has no valid accessKey, secretKey"],
    [
      "a gateway without TLS",
      { accessKey: "canary-key", secretKey: "s", baseUrl: "http://canary-key.example" },
      "the baseUrl in the secret of organisation o1",
    ],
    ["a list", ["canary-key"], "is not a JSON object"],
  ])("say what is wrong with %s, without what it holds", async (_, content, problem) => {
    await create("o1", content);
    const error = await credentials.get("o1").catch((reason) => reason);
    expect(error).toBeInstanceOf(SecretError);
    expect(error.message).toContain("o1");
    expect(error.message).toContain(problem);
    expect(`${error.stack} ${JSON.stringify({ ...error })} ${error.cause}`).not.toContain("canary-key");
  });

  it("cannot be read if Secrets Manager does not answer", async () => {
    await manager.close();
    await expect(credentials.get("o1")).rejects.toThrow(SecretError);
    manager = await startSecretsManager();
  });
});
