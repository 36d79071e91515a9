import { ORGANISATION_PATH } from "../../lib/http/routes.ts";
import { answerSchemas } from "./answers.ts";
import type { JsonSchema } from "./json-schema.ts";
import {
  FAILURES,
  HEADERS,
  headerRefs,
  OPERATIONS,
  type Operation,
  ORGANISATION,
  requestSchemas,
  SOME_HEADERS,
} from "./operations.ts";

const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

/** Statuses with which API Gateway itself answers, without the envelope. */
const OF_THE_GATEWAY = ["401", "403", "404", "413", "429", "500", "503"];

/** The name of an error response in the document. */
const NAMES: Record<string, string> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  413: "ContentTooLarge",
  429: "TooManyRequests",
  "4XX": "Refused",
  500: "InternalError",
  502: "BadGateway",
  503: "ServiceUnavailable",
  504: "GatewayTimeout",
};

/** The API as an OpenAPI 3.1 document. */
export function openApi(version: string): JsonSchema {
  return {
    openapi: "3.1.0",
    info: {
      title: "enos-download-status",
      version,
      summary: "The status of EnOS download tasks, and when they end.",
      description:
        "Callers get the status of EnOS download tasks without an EnOS key. They can also have tasks tracked: the end of each is published as an event (docs/events.md).\n\nEvery route exists twice: with the organisation in the query, and under `/organisations/{orgId}`. A stack deployed with `ORGANISATION_PATHS_ONLY` has only the latter.\n\nThe service's answers are in an envelope with `code`, `msg`, `requestId` and `data`; API Gateway's own answers have only a `message`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [
      {
        url: "https://{api}.execute-api.{region}.amazonaws.com",
        description: "A stack of any stage, such as production: its output `HttpApiUrl`.",
        "x-internal": false,
        variables: { api: { default: "abcdefghij" }, region: { default: "eu-central-1" } },
      },
    ],
    // One of the two, depending on the deployment.
    security: [{ sigv4: [] }, { jwt: [] }],
    tags: [
      { name: "Ask", description: "A task's status, from EnOS." },
      { name: "Track", description: "Which tasks are tracked, and their last known state." },
      { name: "Callbacks", description: "The route that EnOS calls when a download has ended." },
    ],
    paths: paths(),
    components: {
      securitySchemes: {
        sigv4: {
          type: "apiKey",
          in: "header",
          name: "Authorization",
          description:
            "AWS Signature Version 4 for the service `execute-api`, by a principal that IAM allows to call the route.",
          "x-amazon-apigateway-authtype": "awsSigv4",
        },
        jwt: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "A token (RFC7519, checked by API Gateway as RFC8725 asks) of the issuer that the stack was deployed for, whose claim names the organisation.",
        },
      },
      schemas: { ...answerSchemas(), ...requestSchemas() },
      headers: headers(),
      responses: responses(),
    },
  };
}

function paths(): Record<string, JsonSchema> {
  const all: Record<string, JsonSchema> = {};
  for (const operation of OPERATIONS) {
    const [method = "", path = ""] = operation.routeKey.split(" ");
    all[path] = { ...all[path], [method.toLowerCase()]: operationObject(operation, false) };
    if (operation.open) continue;
    const scoped = ORGANISATION_PATH + path;
    all[scoped] = { ...all[scoped], [method.toLowerCase()]: operationObject(operation, true) };
  }
  return all;
}

function operationObject(operation: Operation, scoped: boolean): JsonSchema {
  const { operationId, tag, summary, description, open, parameters, requestBody, answers, failures } =
    operation;
  const failed = [...failures.map(String), ...(open ? [] : ["401"])].map((status) => [
    status,
    ref("responses", NAMES[status] as string),
  ]);
  return {
    operationId: scoped ? `${operationId}OfOrganisation` : operationId,
    tags: [tag],
    summary: scoped ? `${summary} (organisation in the path)` : summary,
    description,
    ...(open && { security: [] }),
    parameters: open ? parameters : [scoped ? ORGANISATION.inPath : ORGANISATION.inQuery, ...parameters],
    ...(requestBody && { requestBody }),
    responses: { ...answers, ...Object.fromEntries(failed) },
  };
}

function headers(): Record<string, JsonSchema> {
  const constant = Object.entries(HEADERS).map(([name, [description, value]]) => [
    name,
    { description, schema: { type: "string", const: value, maxLength: value.length } },
  ]);
  return { ...Object.fromEntries(constant), ...SOME_HEADERS };
}

function responses(): Record<string, JsonSchema> {
  const all = Object.entries({ 401: "API Gateway does not know the caller.", ...FAILURES });
  return Object.fromEntries(
    all.map(([status, description]) => {
      const ours = status !== "401" && { ...ref("schemas", "Failure") };
      const gateways = OF_THE_GATEWAY.includes(status) && { ...ref("schemas", "GatewayMessage") };
      const code = status === "4XX" ? 99409 : 99_000 + Number(status);
      const example = ours
        ? { code, msg: "what is wrong, in words", requestId: "JKJaXmPLvHcESHA=", data: null }
        : { message: "Unauthorized" };
      const schema = ours && gateways ? { anyOf: [ours, gateways] } : ours || gateways;
      return [
        NAMES[status],
        {
          description,
          // API Gateway's own answers have none of these.
          ...(ours && { headers: headerRefs(status === "429" ? ["Retry-After"] : []) }),
          content: { "application/json": { schema, example } },
        },
      ];
    }),
  );
}
