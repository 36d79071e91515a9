import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OrganisationDirectory } from "../../lib/aws/organisations.ts";
import { UnknownOrganisationError } from "../../lib/enos/credentials.ts";
import { type SecretsManager, startSecretsManager } from "../../local/secrets-manager/secrets-manager.ts";
import { startSecrets } from "../support/secrets.ts";

let manager: SecretsManager;
let client: SecretsManagerClient;
let directory: OrganisationDirectory;
let unclear: unknown[];

beforeEach(async () => {
  ({ manager, client } = await startSecrets());
  unclear = [];
  directory = new OrganisationDirectory({
    prefix: "enos/",
    client,
    onUnclear: (error) => unclear.push(error),
  });
});

afterEach(async () => {
  vi.useRealTimers();
  await manager.close();
});

const create = (orgId: string) =>
  client.send(new CreateSecretCommand({ Name: `enos/${orgId}`, SecretString: "{}" }));
const isServed = (orgId: string) =>
  directory.check(orgId).then(
    () => true,
    (error) => {
      expect(error).toBeInstanceOf(UnknownOrganisationError);
      return false;
    },
  );
const later = (ms: number) => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });

describe("an organisation", () => {
  it("with a secret is served, and looked up once in five minutes for all callers", async () => {
    await create("o1");
    expect(await Promise.all(Array.from({ length: 20 }, () => isServed("o1")))).not.toContain(false);
    later(4 * 60_000);
    expect(await isServed("o1")).toBe(true);
    expect(manager.requests.DescribeSecret).toBe(1);
    later(2 * 60_000);
    expect(await isServed("o1")).toBe(true);
    expect(manager.requests).toMatchObject({ DescribeSecret: 2, GetSecretValue: 0 });
  });

  it("without a secret is not served, until a few seconds after it gets one", async () => {
    for (let times = 0; times < 3; times++) expect(await isServed("o1")).toBe(false);
    expect(manager.requests.DescribeSecret).toBe(1);
    await create("o1");
    later(11_000);
    expect(await isServed("o1")).toBe(true);
  });

  it("whose secret is marked for deletion or has no value is not served", async () => {
    await create("o1");
    await client.send(new DeleteSecretCommand({ SecretId: "enos/o1" }));
    await client.send(new CreateSecretCommand({ Name: "enos/o2" }));
    expect(await isServed("o1")).toBe(false);
    expect(await isServed("o2")).toBe(false);
    await client.send(
      new PutSecretValueCommand({ SecretId: "enos/o2", SecretString: "{}", VersionStages: ["AWSPENDING"] }),
    );
    later(11_000);
    // The first version of all is the current one, whatever it was put as.
    expect(await isServed("o2")).toBe(true);
  });

  it("is served while Secrets Manager is unavailable, which is reported, and not looked up again for seconds", async () => {
    await manager.close();
    for (let times = 0; times < 5; times++) expect(await isServed("o1")).toBe(true);
    expect(unclear).toHaveLength(1);
    later(11_000);
    expect(await isServed("o1")).toBe(true);
    expect(unclear).toHaveLength(2);
    manager = await startSecretsManager();
  });

  it("is evicted from the cache by newer ones, since callers may name any", async () => {
    const send = vi.fn(async () => {
      throw new ResourceNotFoundException({ message: "", $metadata: {} });
    });
    directory = new OrganisationDirectory({ prefix: "enos/", client: { send } as never });
    for (let index = 0; index <= 10_000; index++) expect(await isServed(`o${index}`)).toBe(false);
    await isServed("o10000");
    await isServed("o1");
    expect(send).toHaveBeenCalledTimes(10_001);
    await isServed("o0");
    expect(send).toHaveBeenCalledTimes(10_002);
  });
});
