import { type CompiledTemplate, ofType, type Properties, type Statement } from "./compiled-template.ts";
import { type Keys, keyStatements, useKeys } from "./keys.ts";
import { setTags } from "./tags.ts";

/** What an account requires of every resource of a type. */
export interface AccountRules {
  /** The VPC of the functions, if any. */
  vpc: { subnetIds: string[]; securityGroupIds: string[] } | undefined;
  /** Whether functions are traced with X-Ray. */
  tracing: boolean;
  /** The ARN of the permissions boundary of every role. */
  permissionsBoundary: string | undefined;
  /** Tags of every resource that supports them. */
  tags: Record<string, string>;
  /** How long logs are kept. */
  logRetentionDays: number;
  keys: Keys;
}

/** Lambda's actions for the network interfaces of a function, with its role. EC2 does not support resources for them. */
const NETWORK_INTERFACES = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];

/** This key is present in calls from the function's code, and absent in Lambda's own calls. */
const FROM_A_FUNCTION = { Null: { "lambda:SourceFunctionArn": "false" } };

/**
 * Applies the rules of the account to a compiled template. This is done in one place, so that they also apply to
 * resources that are added later.
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

/** X-Ray does not support resources here. */
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
