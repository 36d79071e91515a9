import { runSimulation } from "@cloud-copilot/iam-simulate";
import type { FunctionName } from "../../lib/settings.ts";
import { resolve, SURROUNDINGS, type Surroundings, type Template } from "./template.ts";

/** One statement of a role's policy, with its references resolved. */
export interface Statement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
}

/** What the packaged template lets each function do, asked of an IAM simulator. */
export class Roles {
  readonly #template: Template;
  readonly #surroundings: Surroundings;

  /**
   * @param template the packaged template
   * @param surroundings the account it would be deployed to; give `names` to call resources as a test does
   */
  constructor(template: Template, surroundings: Partial<Surroundings> = {}) {
    this.#template = template;
    this.#surroundings = { ...SURROUNDINGS, ...surroundings };
  }

  /** The logical id of the function's role. */
  roleOf(name: FunctionName): string {
    const role = this.#template.Resources[logicalId(name)]?.Properties.Role;
    const [id, attribute] = role?.["Fn::GetAtt"] ?? [];
    if (attribute !== "Arn") throw new Error(`the function ${name} has no role of this template`);
    return id;
  }

  /** Every statement of the policies of the function's role. */
  statementsOf(name: FunctionName): Statement[] {
    return this.#policiesOf(name).flatMap(({ policy }) => policy.Statement);
  }

  /** The ARN of a resource of the template. */
  arn(resourceId: string): string {
    return String(resolve(this.#template, { "Fn::GetAtt": [resourceId, "Arn"] }, this.#surroundings));
  }

  /** The ARN of a secret, with the random end that Secrets Manager gives it. */
  secretArn(name: string): string {
    const { partition, region, account } = this.#surroundings;
    return `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}-Ab12Cd`;
  }

  /**
   * Whether the function's role may do this.
   *
   * @param action for example `dynamodb:GetItem`
   * @param resource the ARN that it is done to
   * @param context condition keys of the request, for policies that have conditions
   * @throws {Error} when the simulator does not know the action, the kind of resource or the policy
   */
  async isAllowed(
    name: FunctionName,
    action: string,
    resource: string,
    context: Record<string, string | string[]> = {},
  ): Promise<boolean> {
    const { account, partition } = this.#surroundings;
    const everything = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
    };
    const result = await runSimulation(
      {
        request: {
          principal: `arn:${partition}:sts::${account}:assumed-role/${this.roleOf(name)}/${name}`,
          action,
          resource: { resource, accountId: account },
          contextVariables: { "aws:SecureTransport": "true", ...withKnownKeys(context) },
        },
        identityPolicies: withKnownKeys(this.#policiesOf(name)),
        serviceControlPolicies: [
          { orgIdentifier: "root", policies: [{ name: "everything", policy: everything }] },
        ],
        resourceControlPolicies: [],
        resourcePolicy: action.startsWith("kms:") ? keyPolicy({ partition, account }) : undefined,
      },
      {},
    );
    if (result.resultType === "error") {
      throw new Error(`${action} on ${resource} cannot be simulated: ${JSON.stringify(result.errors)}`);
    }
    return result.overallResult === "Allowed";
  }

  #policiesOf(name: FunctionName): { name: string; policy: { Statement: Statement[] } }[] {
    const { ManagedPolicyArns, Policies } = this.#template.Resources[this.roleOf(name)]?.Properties ?? {};
    if (ManagedPolicyArns) throw new Error(`the role of ${name} has policies that are not in the template`);
    const policies = resolve(this.#template, Policies, this.#surroundings) as {
      PolicyName: string;
      PolicyDocument: { Statement: Statement[] };
    }[];
    return policies.map(({ PolicyName, PolicyDocument }) => ({ name: PolicyName, policy: PolicyDocument }));
  }
}

/** The policy of a key that lets IAM decide: as the console makes it. Without it no role may use a key. */
export function keyPolicy({ partition, account }: Pick<Surroundings, "partition" | "account">): object {
  const Principal = { AWS: `arn:${partition}:iam::${account}:root` };
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal, Action: "kms:*", Resource: "*" }],
  };
}

/**
 * With another name for keys of the encryption context: the simulator knows keys with a part of one's own only where
 * that follows a slash.
 */
function withKnownKeys<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value).replaceAll('"kms:EncryptionContext:', '"aws:RequestTag/'));
}

function logicalId(name: FunctionName): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}LambdaFunction`;
}
