import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import * as fc from "fast-check";
import { ROUTES } from "../../lib/http/routes.ts";
import { pathOf, withOrganisation } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { authorizer } from "./bad-events.ts";
import type { Row } from "./scenario.ts";
import { faultsOf } from "./well-answered.ts";

/** The routes of `status` and `track`. Those of callbacks belong to another function. */
const ROUTE_KEYS = Object.entries(ROUTES)
  .filter(([name]) => !name.startsWith("callback"))
  .flatMap(([, key]) => [key, withOrganisation(key)]);

/** The organisation that the callers' claim names, and the one that they ask for. */
export interface Parties {
  own: string;
  other: string;
}

/**
 * Callers whose token names one organisation, or nothing that can be read, ask for another. The functions are packaged
 * ones, since a function reads only when it starts whether callers have tokens.
 */
export async function foreignClaims(
  env: Record<string, string>,
  { own, other }: Parties,
  { times, seed }: { times: number; seed: number },
): Promise<Row> {
  const withTokens = { ...env, JWT_ISSUER: "https://issuer.example", JWT_AUDIENCE: "a-service" };
  await using status = await LambdaProcess.start(unpack("status"), withTokens);
  await using track = await LambdaProcess.start(unpack("track"), withTokens);
  const lambdas = { status, track };
  const wrong: string[] = [];
  const ask = async (event: ForeignEvent, orgId: string): Promise<number | undefined> => {
    const lambda = event.routeKey.endsWith("/status") ? lambdas.status : lambdas.track;
    const inPath = event.routeKey.includes("{orgId}");
    const pathParameters = { ...event.pathParameters, ...(inPath && { orgId }) };
    try {
      const answer = await lambda.invoke<APIGatewayProxyStructuredResultV2>({
        ...event,
        pathParameters,
        rawPath: pathOf(event.routeKey, pathParameters),
        rawQueryString: inPath ? "" : `orgId=${orgId}`,
      });
      for (const fault of faultsOf(answer)) wrong.push(`${fault}: ${JSON.stringify(event)}`);
      return answer.statusCode;
    } catch (error) {
      wrong.push(`the handler failed with ${error}: ${JSON.stringify(event)}`);
      return undefined;
    }
  };
  for (const event of fc.sample(foreign({ own, other }), { numRuns: times, seed })) {
    const statusCode = await ask(event, other);
    if (statusCode !== 403) wrong.push(`${statusCode}, not 403: ${JSON.stringify(event)}`);
  }
  // Otherwise a service that lets no caller in would pass.
  const rightful = { ...eventOf(ROUTES.list), requestContext: claiming(`[${own}]`) };
  if ((await ask(rightful, own)) !== 200) wrong.push("a caller was not let in to its own organisation");
  return {
    tried: "tokens that do not name the organisation",
    times,
    lost: 0,
    duplicated: 0,
    wrong: wrong.length,
    notes: wrong.slice(0, 10),
  };
}

interface ForeignEvent {
  routeKey: string;
  pathParameters: Record<string, string>;
  requestContext?: unknown;
}

function eventOf(routeKey: string): ForeignEvent {
  return { routeKey, pathParameters: { channelId: "ch-1", taskId: "t0" } };
}

function claiming(orgs: unknown): unknown {
  return { requestId: "a-request", authorizer: { jwt: { claims: { orgs } } } };
}

function foreign({ own, other }: Parties): fc.Arbitrary<ForeignEvent> {
  const claim = fc.constantFrom<unknown>(
    own,
    [own],
    `[${own}]`,
    `${own} ${own}`,
    // The other organisation's name as part of another, in the wrong case, or in a form that does not count.
    `${other}x`,
    `x${other}`,
    other.toUpperCase(),
    `[${own},${other}]`,
    `map[a:${own} b:x ${other} y]`,
    `[map[a:b] ${other}]`,
    `${own}\t${other}`,
    [[other]],
    { [other]: true },
    `"${other}"`,
  );
  const context = fc.oneof(
    claim.map(claiming),
    authorizer.map((odd) => ({ requestId: "a-request", authorizer: odd })),
    fc.constantFrom<unknown>(undefined, null, "text", {}, { requestId: "a-request", authorizer: null }),
    // A claim with another name, which is not evaluated.
    fc.constant({ requestId: "a-request", authorizer: { jwt: { claims: { organisations: other } } } }),
  );
  return fc
    .tuple(fc.constantFrom(...ROUTE_KEYS), context)
    .map(([routeKey, requestContext]) => ({ ...eventOf(routeKey), requestContext }));
}
