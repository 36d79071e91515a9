import type { Resource, Template } from "../template.ts";
import { limitProblems, type Place } from "./limits.ts";
import { cycleIn, intrinsic, problemOf, type Reference, referencesIn } from "./references.ts";
import { definitionOf, type Property, type PropertyType, resourceType } from "./specification.ts";

const TEMPLATE_PARTS = ["AWSTemplateFormatVersion", "Description", "Parameters", "Resources", "Outputs"];
const RESOURCE_PARTS = ["Type", "Properties", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy"];
const POLICIES = {
  DeletionPolicy: ["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"],
  UpdateReplacePolicy: ["Delete", "Retain", "Snapshot"],
};

/** Intrinsic functions of a string; others are not used here, and would be a problem until they are known here. */
const STRING_FUNCTIONS = ["Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Select"];

/**
 * What CloudFormation would refuse in a template, as far as its specification and its limits tell: unknown and
 * missing properties, values of another type or choice, references that lead nowhere or to a resource of the wrong
 * type, circles, and what is too many, too long or too large.
 *
 * @param place where it is deployed
 * @returns a line each, with the resource and the property
 */
export function validate(template: Template, place: Place): string[] {
  return [
    ...partProblems(template),
    ...Object.entries(template.Resources).flatMap(([id, resource]) =>
      resourceProblems(id, resource, template).map((problem) => `${id}${problem}`),
    ),
    ...limitProblems(template, place),
  ];
}

function partProblems(template: Template): string[] {
  const problems = Object.keys(template)
    .filter((part) => !TEMPLATE_PARTS.includes(part))
    .map((part) => `the template has no part ${part}`);
  const cycle = cycleIn(template);
  if (cycle) problems.push(`these wait for each other: ${cycle.join(", ")}`);
  for (const [name, output] of Object.entries(template.Outputs)) {
    problems.push(...referenceProblems(output, template).map((problem) => `Outputs.${name}: ${problem}`));
  }
  const used = new Set(referencesIn([template.Resources, template.Outputs]).map(({ id }) => id));
  for (const [name, { Default, AllowedPattern }] of Object.entries(template.Parameters)) {
    if (!used.has(name)) problems.push(`Parameters.${name} is used nowhere`);
    if (Default !== undefined && AllowedPattern && !new RegExp(`^(?:${AllowedPattern})$`).test(Default)) {
      problems.push(`Parameters.${name} does not allow its own default`);
    }
  }
  return problems;
}

function resourceProblems(id: string, resource: Resource, template: Template): string[] {
  const specified = resourceType(resource.Type);
  if (!specified) return [`: there is no type ${resource.Type}`];
  const problems = Object.keys(resource)
    .filter((part) => !RESOURCE_PARTS.includes(part))
    .map((part) => `: a resource has no part ${part}`);
  if (!/^[A-Za-z0-9]{1,255}$/.test(id)) problems.push(": is no logical id");
  for (const [policy, values] of Object.entries(POLICIES)) {
    const value = resource[policy as keyof typeof POLICIES];
    if (value !== undefined && !values.includes(value)) problems.push(`.${policy} cannot be ${value}`);
  }
  for (const other of [resource.DependsOn ?? []].flat()) {
    if (!(other in template.Resources)) problems.push(`.DependsOn: no resource is called ${other}`);
  }
  const { properties } = specified;
  return [...problems, ...structureProblems(resource.Properties ?? {}, properties, template)];
}

function structureProblems(
  value: object,
  properties: Record<string, Property>,
  template: Template,
): string[] {
  const given = Object.entries(value).filter(([, each]) => !isNoValue(each));
  const problems = given.flatMap(([name, each]) => {
    const property = properties[name];
    if (!property) return [`.${name} does not exist`];
    return valueProblems(each, property, template).map((problem) => `.${name}${problem}`);
  });
  for (const [name, { required }] of Object.entries(properties)) {
    if (required && !given.some(([each]) => each === name)) problems.push(`.${name} is missing`);
  }
  return problems;
}

/** A value against the types that a property may have: the present one, or one of those before it. */
function valueProblems(value: unknown, property: Property, template: Template): string[] {
  const [first = [], ...others] = [property.type, ...(property.previousTypes ?? [])].map((type) =>
    typeProblems(value, type, property, template),
  );
  return others.some((problems) => problems.length === 0) ? [] : first;
}

function typeProblems(value: unknown, type: PropertyType, property: Property, template: Template): string[] {
  const deeper = (each: unknown, inner: PropertyType) => typeProblems(each, inner, property, template);
  const call = intrinsic(value);
  if (call) return functionProblems(value, call, type, property, template);
  switch (type.type) {
    case "union": {
      const each = type.types.map((inner) => deeper(value, inner));
      if (each.some((problems) => problems.length === 0)) return [];
      // What is of the right type has the more telling problem.
      return each.find(([problem]) => !problem?.startsWith(" must be")) ?? each[0] ?? [];
    }
    case "ref":
      if (!isObject(value)) return [" must be a structure"];
      return structureProblems(value, definitionOf(type).properties, template);
    case "array":
      if (!Array.isArray(value)) return [" must be a list"];
      return value
        .filter((each) => !isNoValue(each))
        .flatMap((each, index) => deeper(each, type.element).map((problem) => `[${index}]${problem}`));
    case "map":
      if (!isObject(value)) return [" must be a map"];
      return Object.entries(value).flatMap(([key, each]) =>
        deeper(each, type.element).map((problem) => `.${key}${problem}`),
      );
    case "tag":
      if (isObject(value) && "Key" in value && "Value" in value && Object.keys(value).length === 2) return [];
      return [" must be a tag"];
    case "json":
      if (typeof value !== "object" && typeof value !== "string") return [" must be JSON"];
      return referenceProblems(value, template).map((problem) => `: ${problem}`);
    default:
      return scalarProblems(value, type);
  }
}

function scalarProblems(value: unknown, type: PropertyType): string[] {
  const right = {
    string: typeof value === "string",
    "date-time": typeof value === "string",
    boolean: typeof value === "boolean",
    number: typeof value === "number",
    integer: Number.isInteger(value),
    null: value === null,
  }[type.type as "string"];
  if (!right) return [` must be of the type ${type.type}, and is ${JSON.stringify(value)}`];
  const choice = "allowedValues" in type ? (type.allowedValues as unknown[] | undefined) : undefined;
  return choice && !choice.includes(value)
    ? [` must be one of ${choice.join(", ")}, and is ${JSON.stringify(value)}`]
    : [];
}

function functionProblems(
  value: unknown,
  [name]: [string, unknown],
  type: PropertyType,
  { relationshipRefs = [] }: Property,
  template: Template,
): string[] {
  if (!STRING_FUNCTIONS.includes(name)) return [`: ${name} is not known to this check`];
  const problems = referenceProblems(value, template).map((problem) => `: ${problem}`);
  if (["array", "map", "ref", "tag"].includes(type.type)) problems.push(` cannot be ${name}`);
  if (problems.length > 0 || (name !== "Ref" && name !== "Fn::GetAtt")) return problems;
  const [reference] = referencesIn(value) as [Reference];
  const target = template.Resources[reference.id]?.Type;
  const expected = relationshipRefs.map(({ cloudFormationType }) => cloudFormationType);
  return target && expected.length > 0 && !expected.includes(target)
    ? [` must refer to ${expected.join(" or ")}, and refers to ${target}`]
    : [];
}

function referenceProblems(value: unknown, template: Template): string[] {
  return referencesIn(value).flatMap((reference) => problemOf(reference, template) ?? []);
}

function isNoValue(value: unknown): boolean {
  const [name, argument] = intrinsic(value) ?? [];
  return name === "Ref" && argument === "AWS::NoValue";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
