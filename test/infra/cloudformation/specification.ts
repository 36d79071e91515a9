import { loadAwsServiceSpecSync } from "@aws-cdk/aws-service-spec";
import type { Property, PropertyType, Resource, TypeDefinition } from "@aws-cdk/service-spec-types";

export type { Property, PropertyType };

/** AWS's own specification of every resource type, as the CDK ships it. */
const database = loadAwsServiceSpecSync();

/** A type of resource; undefined for one that CloudFormation does not know. */
export function resourceType(type: string): Resource | undefined {
  return database.lookup("resource", "cloudFormationType", "equals", type)[0];
}

/** The structure that a property's type refers to. */
export function definitionOf(type: PropertyType & { type: "ref" }): TypeDefinition {
  return database.get("typeDefinition", type.reference);
}

/** The properties of a resource type whose change makes CloudFormation replace the resource. */
export function replacingProperties(type: string): string[] {
  const properties = Object.entries(resourceType(type)?.properties ?? {});
  return properties.filter(([, { causesReplacement }]) => causesReplacement === "yes").map(([name]) => name);
}
