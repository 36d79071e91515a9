import { type CompiledTemplate, ofType, type Properties, type Statement } from "./compiled-template.ts";
import { type Keys, keyStatements, useKeys } from "./keys.ts";
import { setTags } from "./tags.ts";

/** What an account wants of every resource of a kind, whatever the resource is for. */
export interface AccountRules {
  /** Where functions run; undefined outside of a VPC. */
  vpc: { subnetIds: string[]; securityGroupIds: string[] } | undefined;
  /** Whether functions are traced with X-Ray. */
  tracing: boolean;
  /** The ARN of the boundary of every role. */
  permissionsBoundary: string | undefined;
  /** On everything that can have tags. */
  tags: Record<string, string>;
  /** How long every log is kept. */
  logRetentionDays: number;
  keys: Keys;
}

/** What Lambda does, as a function's role, for its network interfaces. EC2 wants no resource for them. */
const NETWORK_INTERFACES = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];

/** Lambda makes its own calls without this key, and those of the function's code have it. */
const FROM_A_FUNCTION = { Null: { "lambda:SourceFunctionArn": "false" } };

/**
 * Brings a compiled template under the rules of the account. Here, and not where each resource is described, so that
 * a resource that is added later is under them as well.
 */
export function applyAccountRules(template: CompiledTemplate, rules: AccountRules): void {
  const { vpc, tracing, permissionsBoundary, logRetentionDays, keys } = rules;
  for (const { properties } of ofType(template, "AWS::Lambda::Function")) {
    if (vpc) properties.VpcConfig = { SubnetIds: vpc.subnetIds, SecurityGroupIds: vpc.securityGroupIds };
    if (tracing) properties.TracingConfig = { Mode: "Active" };
    const statements = statementsOf(roleOf(template, properties));
    if (vpc) statements.push(...networkStatements());
    if (tracing) statements.push(traceStatement());
  }
  for (const { properties } of ofType(template, "AWS::IAM::Role")) {
    if (permissionsBoundary) properties.PermissionsBoundary = permissionsBoundary;
    const statements = statementsOf(properties);
    statements.push(...keyStatements(template, statements, keys));
  }
  for (const { properties } of ofType(template, "AWS::Logs::LogGroup")) {
    properties.RetentionInDays = logRetentionDays;
  }
  useKeys(template, keys);
  setTags(template, rules.tags);
}

function networkStatements(): Statement[] {
  return [
    { Sid: "NetworkInterfaces", Effect: "Allow", Action: NETWORK_INTERFACES, Resource: "*" },
    {
      Sid: "NetworkInterfacesAreLambdas",
      Effect: "Deny",
      Action: NETWORK_INTERFACES,
      Resource: "*",
      Condition: FROM_A_FUNCTION,
    },
  ];
}

/** X-Ray has no resources to name here. */
function traceStatement(): Statement {
  return {
    Sid: "Traces",
    Effect: "Allow",
    Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    Resource: "*",
  };
}

/** The role of a function. */
function roleOf(template: CompiledTemplate, { Role }: Properties): Properties {
  const [id = ""] = Role?.["Fn::GetAtt"] ?? [];
  const role = template.Resources[id]?.Properties;
  if (!role) throw new Error(`a function has a role that is not in the template: ${id}`);
  return role;
}

function statementsOf({ Policies }: Properties): Statement[] {
  const [policy] = Policies ?? [];
  if (!policy) throw new Error("a role has no policy of its own");
  return policy.PolicyDocument.Statement;
}
