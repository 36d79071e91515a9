import { describe, expect, it } from "vitest";
import { authorisation } from "../../lib/http/authorizer.ts";
import { CallerError } from "../../lib/http/errors.ts";
import { apiEvent } from "../../local/harness/api-event.ts";

const withJwt = { JWT_ISSUER: "https://issuer.example", JWT_ORG_CLAIM: "orgs" };

const isAllowed = (authorizer: unknown, orgId = "o1", settings: object = withJwt) => {
  const event = { ...apiEvent("status", `orgId=${orgId}`), requestContext: { requestId: "r", authorizer } };
  try {
    authorisation(settings as typeof withJwt)(event, orgId);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(CallerError);
    expect((error as Error).message).toBe(
      `the token's claim ${(settings as typeof withJwt).JWT_ORG_CLAIM} does not name organisation ${orgId}`,
    );
    return false;
  }
};

const claim = (orgs: unknown) => ({ jwt: { claims: { sub: "me", orgs }, scopes: null } });

describe("authorisation", () => {
  it.each(["[o1 o2]", "[o2 o1]", "[o1]", "o1", "o2 o1", " o1  o2 ", ["o1"], ["o2", "o1"]])(
    "lets %j ask about o1",
    (orgs) => {
      expect(isAllowed(claim(orgs))).toBe(true);
    },
  );

  it.each([
    "[o2]",
    "[]",
    "",
    "o11",
    "[o1",
    "[o1x",
    "xo1]",
    "O1",
    "o1,o2",
    "map[a:o1 b:x o1 y]",
    "[map[a:b] o1]",
    "[[o1 o2] o1]",
    "[o1 x.y]",
    "o1 x.y",
    "o1 <nil>",
    "o1\to1",
    ["o1", "x.y"],
    ["o1", 7],
    ["o1", null],
    ["o1 o2"],
    ["[o1]"],
    [["o1"]],
    7,
    true,
    null,
    { o1: true },
    undefined,
  ])("does not let %j ask about o1", (orgs) => {
    expect(isAllowed(claim(orgs))).toBe(false);
  });

  it.each([
    undefined,
    null,
    {},
    { jwt: null },
    { jwt: {} },
    { iam: { userArn: "arn" } },
    { lambda: {} },
    "text",
  ])("lets nobody in by %j when JWTs are configured", (authorizer) => {
    expect(isAllowed(authorizer)).toBe(false);
  });

  it("reads only the configured claim, and no inherited property", () => {
    const claims = { jwt: { claims: { "https://example.com/orgs": "o1" } } };
    expect(isAllowed(claims, "o1", { ...withJwt, JWT_ORG_CLAIM: "https://example.com/orgs" })).toBe(true);
    expect(isAllowed(claim("o1"), "o1", { ...withJwt, JWT_ORG_CLAIM: "constructor" })).toBe(false);
  });

  it("leaves callers to IAM when no JWT is configured", () => {
    expect(isAllowed(undefined, "o1", { JWT_ORG_CLAIM: "orgs" })).toBe(true);
  });
});
