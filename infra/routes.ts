import { ORGANISATION_PATH, TASK_PATH } from "../lib/http/routes.ts";

/** The routes of the functions behind the HTTP API, as `functions/` answers them. */
const ROUTES = {
  status: [`GET ${TASK_PATH}/status`],
  track: [
    `PUT ${TASK_PATH}/tracking`,
    `GET ${TASK_PATH}/tracking`,
    `DELETE ${TASK_PATH}/tracking`,
    "GET /tracked-tasks",
    "POST /tracked-tasks",
  ],
} as const;

/** The authorizer of a route, as osls wants it. */
export type RouteAuthorizer = { type: "aws_iam" } | { name: string };

/** A route of the HTTP API, as osls wants it. */
export interface HttpApiEvent {
  httpApi: { method: string; path: string; authorizer: RouteAuthorizer };
}

/**
 * The events of each function: every route with the organisation in the query, unless those are left out, and with
 * the organisation in the path.
 */
export function httpApiEvents(
  authorizer: RouteAuthorizer,
  { organisationPathsOnly }: { organisationPathsOnly: boolean },
): Record<keyof typeof ROUTES, HttpApiEvent[]> {
  const prefixes = organisationPathsOnly ? [ORGANISATION_PATH] : ["", ORGANISATION_PATH];
  const events = Object.entries(ROUTES).map(([name, keys]) => [
    name,
    keys.flatMap((key) => {
      const [method = "", path = ""] = key.split(" ");
      return prefixes.map((prefix) => ({ httpApi: { method, path: prefix + path, authorizer } }));
    }),
  ]);
  return Object.fromEntries(events);
}
