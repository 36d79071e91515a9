import { ORGANISATION_PATH, ROUTES } from "../lib/http/routes.ts";

/** The routes of the functions behind the HTTP API, without EnOS's callback. */
const BY_FUNCTION = {
  status: [ROUTES.status],
  track: [ROUTES.put, ROUTES.get, ROUTES.delete, ROUTES.list, ROUTES.bulk],
  callback: [ROUTES.callbackUrl],
} as const;

/** The authorizer of a route, in the form that osls expects. */
export type RouteAuthorizer = { type: "aws_iam" } | { name: string };

/** A route of the HTTP API, in the form that osls expects. */
export interface HttpApiEvent {
  httpApi: { method: string; path: string; authorizer?: RouteAuthorizer };
}

/**
 * The events of each function: every route with the organisation in the query, unless those are omitted, and with the
 * organisation in the path.
 */
export function httpApiEvents(
  authorizer: RouteAuthorizer,
  { organisationPathsOnly }: { organisationPathsOnly: boolean },
): Record<keyof typeof BY_FUNCTION, HttpApiEvent[]> {
  const prefixes = organisationPathsOnly ? [ORGANISATION_PATH] : ["", ORGANISATION_PATH];
  const events = Object.entries(BY_FUNCTION).map(([name, keys]) => [
    name,
    keys.flatMap((key) => {
      const [method = "", path = ""] = key.split(" ");
      return prefixes.map((prefix) => ({ httpApi: { method, path: prefix + path, authorizer } }));
    }),
  ]);
  const all: Record<keyof typeof BY_FUNCTION, HttpApiEvent[]> = Object.fromEntries(events);
  // Without an authorizer: EnOS has no AWS credentials, only the token in the URL.
  const [method = "", path = ""] = ROUTES.callback.split(" ");
  all.callback.push({ httpApi: { method, path } });
  return all;
}

/** The throttle of callbacks, which limits the executions that anybody can cause. */
const CALLBACKS_PER_SECOND = 100;
const CALLBACKS_AT_ONCE = 100;

/** The limits of the only public route, in addition to those of the whole API. */
export const CALLBACK_THROTTLE = {
  [ROUTES.callback]: { ThrottlingRateLimit: CALLBACKS_PER_SECOND, ThrottlingBurstLimit: CALLBACKS_AT_ONCE },
};

/** The logical id that osls gives to the resource of that route. */
export const CALLBACK_ROUTE_ID = "HttpApiRoutePostCallbacksTokenVar";
