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
 * The organisations that a verified token names: an array, which API Gateway hands over as the string
 * `[o1 o2]`, or a string with spaces between them. Any other claim names none.
 */
function organisationsOf(event: ApiEvent, claimName: string): string[] {
  const authorizer = event.requestContext?.authorizer as
    | { jwt?: { claims?: Record<string, unknown> } }
    | undefined;
  const claims = authorizer?.jwt?.claims;
  const claim = claims && Object.hasOwn(claims, claimName) ? claims[claimName] : undefined;
  if (Array.isArray(claim)) return claim.filter((entry) => typeof entry === "string");
  if (typeof claim !== "string") return [];
  const list = claim.startsWith("[") && claim.endsWith("]") ? claim.slice(1, -1) : claim;
  return list.split(" ").filter(Boolean);
}
