import * as z from "zod/mini";

/** A JSON Schema (2020-12), which OpenAPI 3.1 and AsyncAPI 3 accept as it is. */
export type JsonSchema = { [keyword: string]: unknown };

/** The documentation of a schema. */
export interface Documentation<Shape> {
  description: string;
  /** A sentence for each property. */
  properties: { [Name in keyof Required<Shape>]: string };
  examples?: readonly Shape[];
}

/**
 * The JSON Schema of a zod schema, simplified for readers and code generators: null is one of several types, and a format
 * is not repeated as a pattern.
 *
 * @param io whether the service receives or sends it
 */
export function jsonSchema(schema: z.core.$ZodType, io: "input" | "output" = "output"): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as JsonSchema;
  return tidied(rest, io) as JsonSchema;
}

/** The JSON Schema of an object, with its documentation. */
export function documented<Schema extends z.core.$ZodType>(
  schema: Schema,
  { description, properties, examples }: Documentation<z.output<Schema>>,
  io: "input" | "output" = "output",
): JsonSchema {
  const shape = jsonSchema(schema, io);
  const described = Object.entries(shape.properties as Record<string, JsonSchema>).map(([name, property]) => [
    name,
    { description: (properties as Record<string, string>)[name], ...property },
  ]);
  return {
    description,
    ...shape,
    properties: Object.fromEntries(described),
    ...(examples && { examples }),
  };
}

function tidied(node: unknown, io: "input" | "output"): unknown {
  if (Array.isArray(node)) return node.map((entry) => tidied(entry, io));
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).map(([keyword, value]) => [keyword, tidied(value, io)]);
  const schema = withoutNullBeside(Object.fromEntries(entries));
  if (schema.format === "date-time") {
    delete schema.pattern;
    schema.maxLength ??= 64;
  }
  // Answers may get more properties without a new version; requests must not have unknown ones.
  if (io === "output" && schema.additionalProperties === false) delete schema.additionalProperties;
  if (isType(schema, "integer")) schema.format ??= "int64";
  return schema;
}

function withoutNullBeside(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema as { anyOf?: JsonSchema[] };
  const [some, none, ...more] = anyOf ?? [];
  if (!some || none?.type !== "null" || more.length > 0 || typeof some.type !== "string") return schema;
  return {
    ...rest,
    ...some,
    type: [some.type, "null"],
    ...(Array.isArray(some.enum) && { enum: [...some.enum, null] }),
  };
}

function isType(schema: JsonSchema, type: string): boolean {
  return schema.type === type || (Array.isArray(schema.type) && schema.type.includes(type));
}
