import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EnosSimulator, startEnosSimulator } from "../../../local/enos/simulator.ts";
import { RawClient } from "./raw-client.ts";

let clock = 1_800_000_000_000;
let enos: EnosSimulator;
let client: RawClient;

beforeEach(async () => {
  enos = await startEnosSimulator({ now: () => clock });
  enos.putOrganisation({ orgId: "o1", accessKey: "key1", secretKey: "secret1", tokenLifetimeSeconds: 600 });
  enos.setShape({ errorField: "documented", errorHttpStatus: "ok", tokenStatus: "status" });
  client = new RawClient(enos.url, "key1", "secret1", () => clock);
});

afterEach(() => enos.close());

describe("token/get", () => {
  it("returns the same token until it expires, with the remaining seconds", async () => {
    const first = await client.postToken(client.tokenBody());
    expect(first.json).toMatchObject({
      status: 0,
      msg: "SUCCESS",
      business: "apim-token-service",
      data: { expire: 600 },
    });
    clock += 599_000;
    const second = await client.postToken(client.tokenBody());
    expect(second.json.data).toEqual({ accessToken: first.json.data.accessToken, expire: 1 });
    clock += 1_000;
    const third = await client.postToken(client.tokenBody());
    expect(third.json.data.expire).toBe(600);
    expect(third.json.data.accessToken).not.toBe(first.json.data.accessToken);
  });

  it("accepts the timestamp as a string as well", async () => {
    const body = client.tokenBody();
    const answer = await client.postToken({ ...body, timestamp: String(body.timestamp) });
    expect(answer.json.status).toBe(0);
  });

  it("misspells status if configured", async () => {
    enos.setShape({ tokenStatus: "stauts" });
    const answer = await client.postToken(client.tokenBody());
    expect(answer.json.stauts).toBe(0);
    expect(answer.json).not.toHaveProperty("status");
    expect(answer.json.data.accessToken).toEqual(expect.any(String));
  });

  it("refuses a repeated encryption for as long as its timestamp stays acceptable", async () => {
    const body = client.tokenBody();
    expect((await client.postToken(body)).json.status).toBe(0);
    expect((await client.postToken(body)).json.status).toBe(1001);
    clock += 300_000;
    expect((await client.postToken(body)).json.status).toBe(1001);
    clock += 1;
    expect((await client.postToken(body)).json.status).toBe(1004);
  });

  it("still remembers the encryption after one generation", async () => {
    await client.postToken(client.tokenBody());
    clock += 599_999;
    const ahead = client.tokenBody();
    expect((await client.postToken(ahead)).json.status).toBe(0);
    clock += 2;
    expect((await client.postToken(client.tokenBody())).json.status).toBe(0);
    expect((await client.postToken(ahead)).json.status).toBe(1001);
  });

  const wrong: [string, number, (good: Record<string, unknown>) => unknown][] = [
    ["a body that is not JSON", 1004, () => "{"],
    ["a body that is a list", 1004, () => []],
    ["no appKey", 1202, ({ appKey: _, ...rest }) => rest],
    ["an empty encryption", 1202, (good) => ({ ...good, encryption: "" })],
    ["no timestamp", 1202, ({ timestamp: _, ...rest }) => rest],
    ["a timestamp that is no number", 1004, (good) => ({ ...good, timestamp: "soon" })],
    ["an appKey of the wrong type", 1004, (good) => ({ ...good, appKey: { a: 1 } })],
    ["an unknown appKey", 1002, (good) => ({ ...good, appKey: "key2" })],
    ["a wrong encryption", 1003, (good) => ({ ...good, encryption: "0".repeat(64) })],
    [
      "an encryption in upper case",
      1003,
      (good) => ({ ...good, encryption: String(good.encryption).toUpperCase() }),
    ],
  ];
  it.each(wrong)("refuses %s with %i", async (_what, code, change) => {
    const answer = await client.postToken(change(client.tokenBody()));
    expect(answer.json.status).toBe(code);
    expect(enos.counters().refused).toEqual({ [code]: 1 });
  });

  it.each([-300_001, 300_001])("refuses a timestamp %i ms from its clock", async (offset) => {
    const behind = new RawClient(enos.url, "key1", "secret1", () => clock + offset);
    expect((await behind.postToken(behind.tokenBody())).json.status).toBe(1004);
    const near = new RawClient(enos.url, "key1", "secret1", () => clock + offset - Math.sign(offset));
    expect((await near.postToken(near.tokenBody())).json.status).toBe(0);
  });
});

describe("token/refresh", () => {
  it("returns a new token and revokes the old one", async () => {
    enos.putTask({
      orgId: "o1",
      channelId: "ch1",
      taskId: "t1",
      timeline: [{ afterMs: 0, progressCode: 1 }],
    });
    const old = await client.token();
    const answer = await client.postToken(client.tokenBody({ accessToken: old }), "refresh");
    const fresh = answer.json.data.accessToken;
    expect(fresh).not.toBe(old);
    expect((await client.status(old, "t1")).json.status).toBe(4011);
    expect((await client.status(fresh, "t1")).json.code).toBe(0);
  });

  it("refuses any but the valid token with 1204", async () => {
    await client.token();
    const answer = await client.postToken(client.tokenBody({ accessToken: "made-up" }), "refresh");
    expect(answer.json.status).toBe(1204);
  });

  it("refuses a missing token with 1202", async () => {
    expect((await client.postToken(client.tokenBody(), "refresh")).json.status).toBe(1202);
  });
});

describe("credentials", () => {
  it("refuses the old secret at once if only the secret changes", async () => {
    const token = await client.token();
    enos.putTask({
      orgId: "o1",
      channelId: "ch1",
      taskId: "t1",
      timeline: [{ afterMs: 0, progressCode: 1 }],
    });
    enos.rotateCredentials("o1", { secretKey: "secret2" });
    expect((await client.postToken(client.tokenBody())).json.status).toBe(1003);
    expect((await client.status(token, "t1")).json.status).toBe(1003);
    const rotated = new RawClient(enos.url, "key1", "secret2", () => clock);
    expect((await rotated.status(token, "t1")).json.code).toBe(0);
  });

  it("does not know the old access key after a change, and revokes its token", async () => {
    const token = await client.token();
    enos.rotateCredentials("o1", { accessKey: "key2" });
    expect((await client.postToken(client.tokenBody())).json.status).toBe(1002);
    expect((await client.status(token, "t1")).json.status).toBe(4011);
    const rotated = new RawClient(enos.url, "key2", "secret1", () => clock);
    expect(await rotated.token()).not.toBe(token);
  });

  it("revokes a token, and returns another one", async () => {
    const token = await client.token();
    enos.revokeTokens("o1");
    expect((await client.status(token, "t1")).json.status).toBe(4011);
    expect(await client.token()).not.toBe(token);
  });
});
