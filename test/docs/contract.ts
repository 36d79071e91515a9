import { readFileSync } from "node:fs";
import type { ValidateFunction } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { newAjv } from "./ajv.ts";

type Node = Record<string, unknown>;

interface OperationObject extends Node {
  responses: Record<string, Node>;
}

/** The API's document, as the repository has it. */
export const DOCUMENT = parse(
  readFileSync(new URL("../../docs/openapi.yaml", import.meta.url), "utf8"),
) as Node & {
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, Node> };
};

/** One answer of the service. */
export interface Answer {
  status: number;
  /** By their names in lower case. */
  headers: Record<string, unknown>;
  /** The body as it was sent; empty or undefined where there was none. */
  body: string | undefined;
}

/** Headers that the transport puts on an answer, which are no part of it. */
const OF_THE_TRANSPORT =
  /^(date|connection|keep-alive|content-length|content-type|content-encoding|transfer-encoding|vary|accept-ranges)$/;

const ajv = newAjv();
ajv.addSchema(closed(DOCUMENT) as Node, "api");
const validators = new Map<string, ValidateFunction>();

/**
 * What of an answer the document does not say.
 *
 * @param route method and path, with parameters in the path as they are: `GET /tracked-tasks`
 */
export function breaches(route: string, answer: Answer): string[] {
  const at = pointerOf(route);
  if (!at) return [`there is no ${route}`];
  const [path, method] = at;
  const responses = DOCUMENT.paths[path]?.[method]?.responses ?? {};
  const key = [String(answer.status), `${String(answer.status)[0]}XX`].find((name) => responses[name]);
  if (key === undefined) return [`${route} is not said to answer ${answer.status}`];
  const response = resolve(responses[key] as Node);
  const where =
    typeof responses[key]?.$ref === "string"
      ? responses[key].$ref
      : pointer("#", "paths", path, method, "responses", key);
  return [...bodyBreaches(response, where, answer), ...headerBreaches(response, answer)].map(
    (breach) => `${route} ${answer.status}: ${breach}`,
  );
}

/** Whether the document has a route, as {@link breaches} is given one. */
export function isDocumented(route: string): boolean {
  return pointerOf(route) !== undefined;
}

function bodyBreaches(response: Node, where: string, { body }: Answer): string[] {
  if (!response.content) return body ? ["a body where none is said to be"] : [];
  const validate = validator(`api${pointer(where, "content", "application/json", "schema")}`);
  let value: unknown;
  try {
    value = JSON.parse(body ?? "");
  } catch {
    return ["a body that is not JSON"];
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${instancePath || "the body"} ${message} ${JSON.stringify(params)}`,
  );
}

function headerBreaches(response: Node, { headers }: Answer): string[] {
  const documented = new Map(
    Object.entries((response.headers ?? {}) as Record<string, Node>).map(([name, header]) => [
      name.toLowerCase(),
      resolve(header),
    ]),
  );
  const breaches: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (OF_THE_TRANSPORT.test(name)) continue;
    const schema = documented.get(name)?.schema as Node | undefined;
    if (!schema) {
      breaches.push(`a header ${name} that is not documented`);
      continue;
    }
    const typed = schema.type === "integer" ? Number(value) : value;
    if (!ajv.validate(schema, typed)) breaches.push(`header ${name}: ${ajv.errorsText()}`);
  }
  return breaches;
}

/** Path and method in the document of a request's route. */
function pointerOf(route: string): [path: string, method: string] | undefined {
  const [method = "", path = ""] = route.split(" ");
  for (const template of Object.keys(DOCUMENT.paths)) {
    const pattern = template.replaceAll(/\{\w+\}/g, "[^/]+");
    if (path !== template && !new RegExp(`^${pattern}$`).test(path)) continue;
    const name = method.toLowerCase();
    return DOCUMENT.paths[template]?.[name] ? [template, name] : undefined;
  }
  return undefined;
}

function validator(ref: string): ValidateFunction {
  let validate = validators.get(ref);
  if (!validate) {
    validate = ajv.compile({ $ref: ref });
    validators.set(ref, validate);
  }
  return validate;
}

function resolve(node: Node): Node {
  if (typeof node.$ref !== "string") return node;
  const parts = node.$ref.slice(2).split("/");
  return parts.reduce<Node>((at, part) => at[part] as Node, DOCUMENT);
}

function pointer(from: string, ...parts: string[]): string {
  return [
    from,
    ...parts.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))),
  ].join("/");
}

/**
 * The document with every object closed, so that a property that it does not say is a breach: to readers they are
 * open, since a new property is no new version.
 */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== "object" || node === null) return node;
  const schema = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)])) as Node;
  const isObject = schema.type === "object" || (Array.isArray(schema.type) && schema.type.includes("object"));
  // It is put together with the data, and closed as a whole.
  const isPart = node === DOCUMENT.components.schemas.Envelope;
  if (isObject && schema.properties && schema.additionalProperties === undefined && !isPart) {
    schema.unevaluatedProperties = false;
  }
  return schema;
}
