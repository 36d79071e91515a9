import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { documents } from "../../docs/generator/documents.ts";
import { EVENT } from "../../docs/generator/events.ts";
import { OPERATIONS } from "../../docs/generator/operations.ts";
import { httpApiEvents } from "../../infra/routes.ts";
import { MOST_RETRY_AFTER_SECONDS } from "../../lib/enos/retry-after.ts";
import { TerminalEvent } from "../../lib/events/schema.ts";
import { newAjv } from "./ajv.ts";
import { type Answer, breaches, DOCUMENT } from "./contract.ts";

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("the documents", () => {
  it.each(Object.entries(documents()))("%s is what `npm run docs` makes", (path, text) => {
    expect(file(path) === text, `${path} is stale: npm run docs`).toBe(true);
  });

  it("have every route of the API, and no other", () => {
    const deployed = Object.values(httpApiEvents({ type: "aws_iam" }, { organisationPathsOnly: false }))
      .flat()
      .map(({ httpApi: { method, path } }) => `${method} ${path}`);
    const documented = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(deployed.sort());
  });

  it("express null by type, and limit every string and number", () => {
    const walk = (node: unknown, at: string): string[] => {
      if (
        typeof node !== "object" ||
        node === null ||
        /\.(example|examples|headers\.[\w-]+\.example)$/.test(at)
      )
        return [];
      const schema = node as Record<string, unknown>;
      const types = [schema.type].flat();
      const wrong: string[] = [];
      if ("nullable" in schema) wrong.push(`${at} is nullable`);
      const isFixed = schema.enum || schema.const !== undefined || schema.format;
      if (types.includes("string") && !isFixed && schema.maxLength === undefined)
        wrong.push(`${at} has no length`);
      if (types.includes("integer") && (schema.minimum === undefined || schema.maximum === undefined)) {
        wrong.push(`${at} has no bounds`);
      }
      if (types.includes("array") && schema.maxItems === undefined) wrong.push(`${at} has no limit`);
      return [...wrong, ...Object.entries(schema).flatMap(([name, value]) => walk(value, `${at}.${name}`))];
    };
    const { components, paths } = DOCUMENT;
    expect([...walk(components.schemas, "schemas"), ...walk(paths, "paths")]).toEqual([]);
  });

  it("have examples that match their schemas", () => {
    for (const { routeKey, answers } of OPERATIONS) {
      for (const [status, { content }] of Object.entries(answers) as [
        string,
        { content?: Record<string, { example: unknown }> },
      ][]) {
        const body = content && JSON.stringify(content["application/json"]?.example);
        expect(breaches(routeKey, { status: Number(status), headers: {}, body })).toEqual([]);
      }
    }
  });
});

describe("the contract's test", () => {
  const good: Answer = {
    status: 200,
    headers: { "cache-control": "no-store", "retry-after": "60" },
    body: JSON.stringify({ code: 0, msg: "success", requestId: "r", data: { tasks: [], cursor: null } }),
  };
  const changed = (data: object) => ({
    ...good,
    headers: {},
    body: JSON.stringify({ ...JSON.parse(good.body ?? ""), ...data }),
  });

  it("accepts what is documented", () => {
    expect(breaches("GET /tracked-tasks", { ...good, headers: { "cache-control": "no-store" } })).toEqual([]);
    expect(breaches("GET /organisations/o1/tracked-tasks", { ...good, headers: {} })).toEqual([]);
  });

  it.each([
    ["a status", { ...good, headers: {}, status: 201 }],
    ["a header", good],
    ["a header's value", { ...good, headers: { "cache-control": "public" } }],
    ["a property of the envelope", changed({ more: 1 })],
    ["a property of the data", changed({ data: { tasks: [], cursor: null, more: 1 } })],
    ["a type", changed({ data: { tasks: [], cursor: 7 } })],
    ["an entry", changed({ data: { tasks: [{}], cursor: null } })],
    ["no data", changed({ data: null })],
    ["no JSON", { ...good, headers: {}, body: "<html>" }],
  ])("finds %s that is not", (_what, answer) => {
    expect(breaches("GET /tracked-tasks", answer)).not.toEqual([]);
  });

  it("accepts every Retry-After that the service can send, and no longer one", () => {
    const limited = (seconds: number) =>
      breaches("GET /tracked-tasks", {
        status: 429,
        headers: { "retry-after": String(seconds) },
        body: JSON.stringify({ code: 99429, msg: "limited", requestId: "r", data: null }),
      });
    expect(limited(MOST_RETRY_AFTER_SECONDS)).toEqual([]);
    expect(limited(MOST_RETRY_AFTER_SECONDS + 1)).toHaveLength(1);
  });

  it("finds an undocumented route", () => {
    expect(breaches("PATCH /tracked-tasks", good)).toEqual(["there is no PATCH /tracked-tasks"]);
  });
});

describe("the event's schemas", () => {
  const [event, data] = ["event", "event-data"].map((name) =>
    JSON.parse(file(`docs/schemas/${name}.v1.json`)),
  );
  const ajv = newAjv();
  const isEvent = ajv.compile(event);
  const isData = ajv.compile(data);

  it("accept the sample, whose dataschema refers to that of its data", () => {
    expect([isEvent(EVENT), isData(EVENT.data), EVENT.dataschema]).toEqual([true, true, data.$id]);
  });

  it("accept what zod accepts, and nothing else", () => {
    const value = fc.oneof(
      fc.constant(undefined),
      fc.constant(null),
      fc.string(),
      fc.integer(),
      fc.constant("2026-01-01T00:00:00Z"),
    );
    const change = fc.record({
      path: fc.constantFrom(...Object.keys(EVENT), ...Object.keys(EVENT.data).map((name) => `data.${name}`)),
      value,
    });
    fc.assert(
      fc.property(change, ({ path, value }) => {
        const changed = structuredClone(EVENT) as unknown as Record<string, Record<string, unknown>>;
        const [outer = "", inner] = path.split(".");
        if (inner) (changed.data as Record<string, unknown>)[inner] = value;
        else (changed as Record<string, unknown>)[outer] = value;
        const sent = JSON.parse(JSON.stringify(changed));
        expect(isEvent(sent)).toBe(TerminalEvent.safeParse(sent).success);
      }),
    );
  });

  it("allow newer versions to add fields", () => {
    expect(isEvent({ ...EVENT, more: 1, data: { ...EVENT.data, more: 1 } })).toBe(true);
  });
});
