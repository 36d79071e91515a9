import { resolve, resourcesOf, type Surroundings, type Template } from "../template.ts";
import { atMost, SERVICE_LIMITS, truths } from "./service-limits.ts";
import { replacingProperties } from "./specification.ts";

/**
 * What of a template is too many, too long, too large, or out of bounds: limits that CloudFormation or a service
 * finds out about in the middle of a deployment. They are from AWS's public pages of quotas and API references.
 *
 * @param place where it is deployed: sizes of policies depend on names and regions
 */
export function limitProblems(template: Template, place: Place): string[] {
  const surroundings = surroundingsOf(template, place);
  const textOf: Resolved = (value) => {
    try {
      return resolve(template, value, surroundings);
    } catch {
      // What leads nowhere is a problem of its own, and what nobody knows the text of is about as long.
      return value;
    }
  };
  const each = Object.entries(template.Resources).flatMap(([id, { Type, Properties = {} }]) => {
    const resolved = Object.entries(Properties).map(([name, value]) => [name, textOf(value)]);
    const found = SERVICE_LIMITS[Type]?.(Object.fromEntries(resolved)) ?? [];
    return truths(found).map((problem) => `${id}: ${problem}`);
  });
  return [...templateProblems(template), ...sharedProblems(template, surroundings, textOf), ...each];
}

/** A value with its references resolved, as far as they can be. */
type Resolved = (value: unknown) => unknown;

/** A region and a stack in it. */
export interface Place {
  partition: string;
  region: string;
  stack: string;
}

/** What a stack's references resolve to. */
export function surroundingsOf(template: Template, { partition, region, stack }: Place): Surroundings {
  const nameless = Object.entries(template.Resources).filter(([, { Type, Properties = {} }]) =>
    replacingProperties(Type).every((name) => !name.endsWith("Name") || typeof Properties[name] !== "string"),
  );
  // As CloudFormation makes them.
  const names = Object.fromEntries(nameless.map(([id]) => [id, `${stack}-${id}-ABCDEFGHIJKL`]));
  return { partition, region, account: "123456789012", names };
}

function templateProblems(template: Template): string[] {
  return truths([
    atMost("resources", Object.keys(template.Resources).length, 500),
    atMost("outputs", Object.keys(template.Outputs).length, 200),
    atMost("parameters", Object.keys(template.Parameters).length, 200),
    atMost("bytes of template", JSON.stringify(template).length, 1_000_000),
    ...Object.entries(template.Outputs).flatMap(([name, { Value, Description = "" }]) => [
      !/^[A-Za-z0-9]{1,255}$/.test(name) && `Outputs.${name} is no name of an output`,
      atMost(`bytes in the description of the output ${name}`, String(Description).length, 1024),
      atMost(`bytes in the output ${name}`, JSON.stringify(Value).length, 4096),
    ]),
  ]);
}

/** What several resources have together. */
function sharedProblems(template: Template, surroundings: Surroundings, textOf: Resolved): string[] {
  const routes = resourcesOf(template, "AWS::ApiGatewayV2::Route").map(([, { Properties }]) => Properties);
  const keys = routes.map(({ RouteKey }) => RouteKey);
  return truths([
    atMost("routes", routes.length, 300),
    new Set(keys).size < keys.length && "a route is there twice",
    atMost("integrations", resourcesOf(template, "AWS::ApiGatewayV2::Integration").length, 300),
    atMost("authorizers", resourcesOf(template, "AWS::ApiGatewayV2::Authorizer").length, 10),
    ...Object.entries(functionPolicies(template, surroundings, textOf)).map(([name, size]) =>
      atMost(`bytes in the policy of the function ${name}`, size, 20_480),
    ),
    ...partitionProblems(template, surroundings),
  ]);
}

/** The sizes of the functions' resource policies, which have a statement for each permission. */
function functionPolicies(
  template: Template,
  { names }: Surroundings,
  textOf: Resolved,
): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const [id, { Properties }] of resourcesOf(template, "AWS::Lambda::Permission")) {
    const [FunctionName, SourceArn] = [Properties.FunctionName, Properties.SourceArn].map((value) =>
      String(textOf(value)),
    );
    const { Action, Principal } = Properties;
    const statement = {
      Sid: names[id],
      Effect: "Allow",
      Principal: { Service: Principal },
      Action,
      Resource: FunctionName,
      Condition: { ArnLike: { "AWS:SourceArn": SourceArn } },
    };
    const empty = '{"Version":"2012-10-17","Id":"default","Statement":[]}'.length;
    sizes[FunctionName ?? ""] = (sizes[FunctionName ?? ""] ?? empty) + JSON.stringify(statement).length + 1;
  }
  return sizes;
}

/** Names that say another partition than the one that is deployed to. */
function partitionProblems(template: Template, { partition }: Surroundings): string[] {
  if (partition === "aws") return [];
  return stringsIn(template.Resources)
    .filter((text) => text.includes("arn:aws:") || /https:\/\/\S*amazonaws\.com/.test(text))
    .map((text) => `is in the wrong partition: ${text}`);
}

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
