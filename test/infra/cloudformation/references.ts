import type { Template } from "../template.ts";
import { resourceType } from "./specification.ts";

/** Something that a value of a template refers to. */
export interface Reference {
  /** A resource, a parameter or a pseudo parameter. */
  id: string;
  /** Of a resource, where it is not the resource itself. */
  attribute?: string;
}

/** What CloudFormation itself gives. */
const PSEUDO_PARAMETERS = [
  "AWS::AccountId",
  "AWS::NoValue",
  "AWS::NotificationARNs",
  "AWS::Partition",
  "AWS::Region",
  "AWS::StackId",
  "AWS::StackName",
  "AWS::URLSuffix",
];

/** An intrinsic function with its argument, when the value is one. */
export function intrinsic(value: unknown): [name: string, argument: unknown] | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const [entry, ...others] = Object.entries(value);
  if (!entry || others.length > 0) return undefined;
  return entry[0] === "Ref" || entry[0] === "Condition" || entry[0].startsWith("Fn::") ? entry : undefined;
}

/** Every reference in a value, at any depth. */
export function referencesIn(value: unknown): Reference[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== "object" || value === null) return [];
  const [name, argument] = intrinsic(value) ?? [];
  if (name === "Ref") return [{ id: String(argument) }];
  if (name === "Fn::GetAtt") return [attributeReference(argument)];
  if (name === "Fn::Sub") {
    const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
    const own = Object.keys((variables as object | undefined) ?? {});
    const named = [...String(text).matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, each = ""]) => each);
    return [
      ...named.filter((each) => !own.includes(each)).map(substitutionReference),
      ...referencesIn(variables),
    ];
  }
  return Object.values(value).flatMap(referencesIn);
}

function attributeReference(argument: unknown): Reference {
  const [id = "", ...attribute] = Array.isArray(argument)
    ? argument.map(String)
    : String(argument).split(".");
  return { id, attribute: attribute.join(".") };
}

function substitutionReference(text: string): Reference {
  return text.includes(".") ? attributeReference(text) : { id: text };
}

/** Why a reference leads nowhere; undefined when it does lead somewhere. */
export function problemOf({ id, attribute }: Reference, template: Template): string | undefined {
  if (attribute === undefined) {
    const known = PSEUDO_PARAMETERS.includes(id) || id in template.Parameters || id in template.Resources;
    return known ? undefined : `nothing is called ${id}`;
  }
  const resource = template.Resources[id];
  if (!resource) return `no resource is called ${id}`;
  const specified = resourceType(resource.Type);
  return specified && !(attribute in specified.attributes)
    ? `${resource.Type} has no attribute ${attribute}`
    : undefined;
}

/** The resources that a resource has to wait for. */
function dependenciesOf(id: string, template: Template): string[] {
  const { DependsOn = [], Properties } = template.Resources[id] ?? {};
  const named = [...[DependsOn].flat(), ...referencesIn(Properties).map((reference) => reference.id)];
  return [...new Set(named)].filter((name) => name in template.Resources);
}

/** A resource that waits for itself, with those between; undefined when there is none. */
export function cycleIn(template: Template): string[] | undefined {
  const done = new Set<string>();
  const visit = (id: string, path: string[]): string[] | undefined => {
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    if (done.has(id)) return undefined;
    for (const next of dependenciesOf(id, template)) {
      const cycle = visit(next, [...path, id]);
      if (cycle) return cycle;
    }
    done.add(id);
    return undefined;
  };
  for (const id of Object.keys(template.Resources)) {
    const cycle = visit(id, []);
    if (cycle) return cycle;
  }
  return undefined;
}
