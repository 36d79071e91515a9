import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paramsData, sign, tokenEncryption } from "../../lib/enos/signature.ts";

const TIMESTAMP = 1572574909697;

describe("signing", () => {
  it("agrees with the vendor's published sample", () => {
    const body = '{\n  "count": 20,\n  "page": 1,\n  "desc": "描述"\n}';
    const query = { k3: "v3", k1: "v1", k2: "v2" };
    expect(sign("xxxxaaaxxxx", query, TIMESTAMP, "xxxappSecretxxx", body)).toBe(
      "59828328f6c1f9771015dc74e4929ae30f518a35a3d2353972c2ea46556fc981",
    );
  });

  it("signs a status call", () => {
    expect(sign("example-access-token", { orgId: "o15504722874071" }, TIMESTAMP, "example-secret-key")).toBe(
      "e6eb66cfd8f55eba3e0a2f13c97140c69fa7ddaf69b253cf8de55ce090baf817",
    );
  });

  it("sorts names in ASCII order and uses decoded values", () => {
    const query = Object.fromEntries(new URLSearchParams("orgId=o1&alpha=2%203&Zeta=1"));
    expect(sign("example-access-token", query, TIMESTAMP, "example-secret-key")).toBe(
      "bac80753f6a951724a8fad21242affdf324ae4149af7f52c25209b23131e25af",
    );
  });

  it("digests a token request", () => {
    expect(tokenEncryption("5acb82e7-a11e-4300-9164-c8b20b638e8b", TIMESTAMP, "example-secret-key")).toBe(
      "c810738177a17d04cda828a7490258fb5453bfb172e09cd73339a3f3eaa49a5b",
    );
  });

  it("does not depend on the order of the query", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (query) => {
        const reversed = Object.fromEntries(Object.entries(query).reverse());
        expect(paramsData(reversed)).toBe(paramsData(query));
      }),
    );
  });
});
