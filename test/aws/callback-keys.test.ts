import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CallbackKeyError, callbackKeys } from "../../lib/aws/callback-keys.ts";
import { type SecretsManager, startSecretsManager } from "../../local/secrets-manager/secrets-manager.ts";

const DAY = 24 * 60 * 60_000;

let server: SecretsManager;
let client: SecretsManagerClient;
beforeAll(async () => {
  server = await startSecretsManager({ region: "eu-central-1" });
  client = new SecretsManagerClient({
    endpoint: server.url,
    region: "eu-central-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await server.close();
});

const create = (Name: string, SecretString: string) =>
  client.send(new CreateSecretCommand({ Name, SecretString }));
const keysOf = (secretId: string) => callbackKeys({ secretId, previousMs: 7 * DAY, client })();

describe("the keys of the callbacks", () => {
  it("are a single one, valid without limit, until it is replaced", async () => {
    await create("once", "a".repeat(64));
    expect(await keysOf("once")).toEqual([{ secret: "a".repeat(64), until: Number.POSITIVE_INFINITY }]);
  });

  it("are two after that: the previous one is valid for as long as a task may be tracked", async () => {
    await create("twice", "a".repeat(64));
    const before = Date.now();
    await client.send(new PutSecretValueCommand({ SecretId: "twice", SecretString: "b".repeat(64) }));
    const after = Date.now();
    const [current, previous, ...others] = await keysOf("twice");
    expect(current).toEqual({ secret: "b".repeat(64), until: Number.POSITIVE_INFINITY });
    expect(previous?.secret).toBe("a".repeat(64));
    // Its time is in whole seconds on the wire.
    expect(previous?.until).toBeGreaterThanOrEqual(before + 7 * DAY - 1_000);
    expect(previous?.until).toBeLessThanOrEqual(after + 7 * DAY + 1_000);
    expect(others).toEqual([]);
  });

  it("must not be guessable, and do not appear in errors", async () => {
    await create("short", "guessable");
    const error = await keysOf("short").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CallbackKeyError);
    expect(String(error)).not.toContain("guessable");
  });

  it("cannot be read without a secret, and the error names the reason", async () => {
    await expect(keysOf("missing")).rejects.toThrow(/cannot be read \(ResourceNotFoundException\)/);
  });
});
