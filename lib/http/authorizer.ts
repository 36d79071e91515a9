import * as z from "zod/mini";
import { Id } from "../tasks/key.ts";
import { CallerError } from "./errors.ts";
import type { ApiEvent } from "./request.ts";

/** Decides whether the caller of a request may ask about an organisation. */
export type Authorise = (event: ApiEvent, orgId: string) => void;

/** The settings that decide how callers are authenticated. */
export interface AuthorisationSettings {
  JWT_ISSUER?: string | undefined;
  JWT_ORG_CLAIM: string;
}

/**
 * With JWTs, a caller may ask about the organisations that its token names. Without, API Gateway has already let in
 * only callers whom IAM allows the route, and nothing is left to decide.
 */
export function authorisation({ JWT_ISSUER, JWT_ORG_CLAIM }: AuthorisationSettings): Authorise {
  if (JWT_ISSUER === undefined) return () => {};
  return (event, orgId) => {
    if (!organisationsOf(event, JWT_ORG_CLAIM).includes(orgId)) {
      throw new CallerError(403, `the token's claim ${JWT_ORG_CLAIM} does not name organisation ${orgId}`);
    }
  };
}

/**
 * The organisations that a verified token names: an array, which API Gateway passes on as the string `[o1 o2]`, or a
 * string with spaces between them. A claim with an entry that is not an id names no organisation at all: API Gateway
 * flattens any claim to a string, an object to `map[a:o1 b:x]`, so that the origin of a space is unknown. The claim must
 * therefore be one whose values the token's users cannot choose.
 */
function organisationsOf(event: ApiEvent, claimName: string): string[] {
  const authorizer = event.requestContext?.authorizer as
    | { jwt?: { claims?: Record<string, unknown> } }
    | undefined;
  const claims = authorizer?.jwt?.claims;
  const claim = claims && Object.hasOwn(claims, claimName) ? claims[claimName] : undefined;
  const entries = typeof claim === "string" ? entriesOf(claim) : claim;
  return z.array(Id).safeParse(entries).data ?? [];
}

function entriesOf(claim: string): string[] {
  const list = claim.startsWith("[") && claim.endsWith("]") ? claim.slice(1, -1) : claim;
  return list.split(" ").filter(Boolean);
}
