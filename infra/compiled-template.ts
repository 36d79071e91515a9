/** A template compiled by osls. */
export interface CompiledTemplate {
  Resources: Record<string, { Type: string; Properties?: Properties }>;
}

/** The properties of a resource. */
// biome-ignore lint/suspicious/noExplicitAny: their shape is CloudFormation's
export type Properties = Record<string, any>;

/** A statement of a policy; resources may be references. */
export interface Statement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Action: string | string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

/** The resources of a type that have properties, with their ids. */
export function ofType(
  { Resources }: CompiledTemplate,
  type: string,
): { id: string; properties: Properties }[] {
  return Object.entries(Resources).flatMap(([id, { Type, Properties }]) =>
    Type === type && Properties ? [{ id, properties: Properties }] : [],
  );
}
