import { expect, it } from "vitest";
import { broken } from "../scenario.ts";
import { Canaries, everythingOf } from "./canaries.ts";
import { secrets } from "./secrets.ts";

it("lets no key, token or signature out, whatever EnOS and AWS return", async () => {
  const rows = await secrets.run({ size: "short", seed: 20261124, progress: () => {} });
  expect(broken(rows)).toEqual([]);
  expect(rows).toHaveLength(3);
});

it("would find a secret anywhere in an error", () => {
  const canaries = new Canaries();
  const secret = canaries.hatch("key");
  const hidden = Object.assign(new Error("odd"), { response: { body: Buffer.from(`<${secret}>`) } });
  for (const error of [
    new Error(secret),
    new Error("odd", { cause: new Error(`x ${secret}`) }),
    new AggregateError([hidden]),
    Object.defineProperty(new Error("odd"), "quiet", { value: new Map([["a", secret]]) }),
    new Error(Buffer.from(`authorization: ${secret} `.slice(0)).toString("latin1")),
  ]) {
    expect(canaries.foundIn(everythingOf(error))).toEqual(["key"]);
  }
  expect(canaries.foundIn(everythingOf(new Error("odd", { cause: { a: [1, null] } })))).toEqual([]);
});
