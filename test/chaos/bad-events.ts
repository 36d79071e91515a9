import * as fc from "fast-check";
import { ROUTES } from "../../lib/http/routes.ts";
import { pathOf, withOrganisation } from "../../local/harness/api-event.ts";
import { codePoint } from "../support/code-point.ts";

/** An event and the function that receives it. Events may be malformed, so they have no type. */
export interface BadInput {
  to: "status" | "track";
  event: Record<string, unknown>;
}

/** What exists and may be named by events. */
export interface Known {
  orgIds: string[];
  channelId: string;
  taskIds: string[];
  /** Cursors that the service has returned, for every organisation. */
  cursors: string[];
}

const ID_ALPHABET = [..."ABCXYZabcxyz0189_-"];
const wellFormedId = fc.string({ unit: fc.constantFrom(...ID_ALPHABET), minLength: 1, maxLength: 128 });

/** Texts with a special meaning in a path, a host, a query, a header, a table's key or a secret's name. */
const TELLING = [
  "",
  ".",
  "..",
  "../../admin",
  "a/b",
  "/",
  "\\",
  "%2e%2e%2f",
  "%252e",
  "%",
  "%zz",
  "a%00b",
  "\0",
  "a\0b",
  "a#b",
  "#shards",
  "a?b=c",
  "a&orgId=o-b",
  "a b",
  "é",
  "\u202e",
  "\ud800",
  "id\n",
  "id\r\nhost: other.example",
  "*",
  "__proto__",
  "constructor",
  "@other.example",
  "//other.example/",
  "http://other.example/",
  "x".repeat(128),
  "x".repeat(129),
  "x".repeat(10_240),
  "%2F".repeat(3_413),
  "😀".repeat(2_560),
];

const text = fc.oneof(
  fc.constantFrom(...TELLING),
  fc.string({ unit: codePoint, maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  wellFormedId,
);
const noText = fc.constantFrom<unknown>(undefined, null, 0, Number.NaN, true, [], ["a"], {}, { length: 1 });

/** Every route, with the organisation in the query and in the path. */
const ROUTE_KEYS = Object.values(ROUTES).flatMap((key) => [key, withOrganisation(key)]);

/** Mostly `usual`, sometimes `unusual`. */
function mostly<T, U>(usual: fc.Arbitrary<T>, unusual: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ arbitrary: usual, weight: 3 }, { arbitrary: unusual, weight: 1 });
}

/** Events: some are valid, most are nearly valid, and some are nothing that API Gateway would send. */
export function badInput(known: Known): fc.Arbitrary<BadInput> {
  const to = fc.constantFrom<BadInput["to"]>("status", "track");
  const event = fc.record({
    routeKey: mostly(fc.constantFrom(...ROUTE_KEYS), fc.oneof(text, noText)),
    // Undefined: derived from the route, see below.
    rawPath: mostly(fc.constant(undefined), fc.oneof(text, noText)),
    rawQueryString: mostly(query(known), fc.oneof(text, noText)),
    pathParameters: mostly(path(known), fc.oneof(fc.dictionary(fc.string(), text), text, noText)),
    requestContext: mostly(
      fc.record({ requestId: fc.constant("a-request"), authorizer: fc.oneof(authorizer, noText) }),
      fc.oneof(fc.record({ requestId: fc.oneof(text, noText) }), text, noText),
    ),
    // No code reads these. They contradict the query, to find code that ever does.
    queryStringParameters: fc.oneof(fc.record({ orgId: fc.constantFrom(...known.orgIds) }), noText),
    headers: fc.oneof(fc.dictionary(fc.string(), text), noText),
    body: fc.oneof(
      fc.constantFrom(
        "{",
        "[]",
        "null",
        '{"orgId":"o-b"}',
        "\0",
        '{"labels":{"__proto__":"a"}}',
        '{"labels":{"a":"\\ud800"}}',
      ),
      fc
        .record({
          tasks: fc.array(
            fc.oneof(fc.object({ maxDepth: 1 }), fc.constant({ channelId: known.channelId, taskId: "t0" })),
            { maxLength: 5 },
          ),
        })
        .map((body) => JSON.stringify(body)),
      fc.object({ maxDepth: 2 }).map((body) => JSON.stringify(body)),
      text,
      noText,
    ),
    isBase64Encoded: fc.oneof(fc.boolean(), noText),
  });
  const absent = fc.subarray(
    [
      "routeKey",
      "rawPath",
      "rawQueryString",
      "pathParameters",
      "requestContext",
      "queryStringParameters",
      "body",
    ],
    { maxLength: 2 },
  );
  const wild = fc.tuple(event, mostly(fc.constant<string[]>([]), absent)).map(([all, names]) => {
    const rawPath =
      all.rawPath === undefined
        ? pathOf(String(all.routeKey), (all.pathParameters ?? {}) as Record<string, unknown>)
        : all.rawPath;
    return Object.fromEntries(Object.entries({ ...all, rawPath }).filter(([name]) => !names.includes(name)));
  });
  return fc.record({
    to,
    event: fc.oneof({ arbitrary: wild, weight: 3 }, { arbitrary: right(known), weight: 1 }),
  });
}

/** Valid events. */
function right({ orgIds, channelId, taskIds, cursors }: Known): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .record({
      routeKey: fc.constantFrom(...ROUTE_KEYS),
      orgId: fc.constantFrom(...orgIds),
      taskId: fc.constantFrom(...taskIds),
      cursor: fc.constantFrom("", ...cursors),
      options: fc.constantFrom({}, { correlationId: "c", labels: { constructor: "x" }, deadlineSeconds: 60 }),
    })
    .map(({ routeKey, orgId, taskId, cursor, options }) => {
      const inPath = routeKey.includes("{orgId}");
      const isList = routeKey.startsWith("GET") && routeKey.endsWith("/tracked-tasks");
      const body = routeKey.startsWith("POST")
        ? { tasks: [{ channelId, taskId, ...options }] }
        : routeKey.startsWith("PUT")
          ? options
          : undefined;
      const pathParameters = { ...(inPath && { orgId }), channelId, taskId };
      return {
        routeKey,
        rawPath: pathOf(routeKey, pathParameters),
        rawQueryString: [
          ...(inPath ? [] : [`orgId=${orgId}`]),
          ...(isList ? ["limit=20", `cursor=${cursor}`] : []),
        ].join("&"),
        ...(body !== undefined && { body: JSON.stringify(body) }),
        pathParameters,
        requestContext: { requestId: "a-request" },
      };
    });
}

function path({ orgIds, channelId, taskIds }: Known): fc.Arbitrary<unknown> {
  return fc.record({
    // API Gateway sets it for half of the routes only.
    orgId: mostly(fc.constant(undefined), mostly(fc.constantFrom(...orgIds), fc.oneof(text, noText))),
    channelId: mostly(fc.constant(channelId), fc.oneof(text, noText)),
    taskId: mostly(fc.constantFrom(...taskIds), fc.oneof(text, noText)),
  });
}

function query({ orgIds, cursors }: Known): fc.Arbitrary<string> {
  const orgId = mostly(fc.constantFrom(...orgIds), text).map((value) => ["orgId", value]);
  const cursor = fc.oneof(
    fc.constantFrom(...cursors),
    // Cut short or extended: positions at which no list ever ended.
    fc.tuple(fc.constantFrom(...cursors), fc.nat(40)).map(([given, length]) => given.slice(0, length)),
    fc.tuple(fc.constantFrom(...cursors), text).map(([given, more]) => given + more),
    text.map((place) => Buffer.from(place).toString("base64url")),
    text,
  );
  const other = fc.oneof(
    cursor.map((value) => ["cursor", value]),
    mostly(fc.constantFrom("pending", "running", "abandoned"), text).map((value) => ["state", value]),
    mostly(
      fc.constantFrom("1", "7", "100"),
      fc.oneof(text, fc.constantFrom("0", "-1", "101", "1e2", "1.5", "0x10", "٣")),
    ).map((value) => ["limit", value]),
    orgId,
    fc.tuple(text, text),
  );
  return fc
    .tuple(
      mostly(
        orgId.map((pair) => [pair]),
        fc.constant([]),
      ),
      fc.array(other, { maxLength: 3 }),
      fc.boolean(),
    )
    .map(([first, more, encoded]) => {
      const write = (part = "") => (encoded ? encodeURIComponent(part.toWellFormed()) : part);
      return [...first, ...more].map(([name, value]) => `${write(name)}=${write(value)}`).join("&");
    });
}

const claim = fc.oneof(text, noText, fc.array(text, { maxLength: 3 }));

/** What an authorizer may put into the context, and what none does. */
export const authorizer: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({ jwt: fc.record({ claims: fc.record({ orgs: claim }) }) }),
  fc.record({ jwt: fc.record({ claims: noText }) }),
  fc.record({ jwt: noText }),
  fc.record({ iam: fc.dictionary(fc.string(), text) }),
);
