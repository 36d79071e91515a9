import * as z from "zod/mini";
import { Id } from "../tasks/key.ts";
import { CallerError } from "./errors.ts";
import type { ApiEvent } from "./request.ts";

/** Decides whether the caller of a request may ask about an organisation. */
export type Authorise = (event: ApiEvent, orgId: string) => void;

/** The settings that decide how callers are known. */
export interface AuthorisationSettings {
  JWT_ISSUER?: string | undefined;
  JWT_ORG_CLAIM: string;
}

/**
 * With JWTs, a caller may ask about the organisations that its token names. Without, API Gateway lets in only
 * those whom IAM allows the route, and there is nothing more to ask.
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
 * The organisations that a verified token names: an array, which API Gateway hands over as the string `[o1 o2]`, or
 * a string with spaces between them. A claim with an entry that is no id names nobody: API Gateway writes whatever a
 * claim holds as one string, an object as `map[a:o1 b:x]`, and where a space in it comes from cannot be told. So only
 * a claim whose values the token's users cannot choose will do.
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
