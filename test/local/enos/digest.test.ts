import { describe, expect, it } from "vitest";
import { requestDigest, tokenDigest } from "../../../local/enos/digest.ts";

const timestamp = "1572574909697";
const none = Buffer.alloc(0);

describe("the simulator's own digests, by the published vectors", () => {
  it("signs the vendor's sample: sorted query, then the body's bytes", () => {
    const body = Buffer.from('{\n  "count": 20,\n  "page": 1,\n  "desc": "描述"\n}');
    expect(requestDigest("xxxxaaaxxxx", "k3=v3&k1=v1&k2=v2", body, timestamp, "xxxappSecretxxx")).toBe(
      "59828328f6c1f9771015dc74e4929ae30f518a35a3d2353972c2ea46556fc981",
    );
  });

  it("signs a status call", () => {
    expect(
      requestDigest("example-access-token", "orgId=o15504722874071", none, timestamp, "example-secret-key"),
    ).toBe("e6eb66cfd8f55eba3e0a2f13c97140c69fa7ddaf69b253cf8de55ce090baf817");
  });

  it("sorts by ASCII and takes decoded values", () => {
    expect(
      requestDigest(
        "example-access-token",
        "orgId=o1&alpha=2%203&Zeta=1",
        none,
        timestamp,
        "example-secret-key",
      ),
    ).toBe("bac80753f6a951724a8fad21242affdf324ae4149af7f52c25209b23131e25af");
  });

  it("digests a token request", () => {
    expect(tokenDigest("5acb82e7-a11e-4300-9164-c8b20b638e8b", timestamp, "example-secret-key")).toBe(
      "c810738177a17d04cda828a7490258fb5453bfb172e09cd73339a3f3eaa49a5b",
    );
  });
});
