import { readFileSync } from "node:fs";
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { keyPolicy } from "./iam.ts";

const ACCOUNT = "123456789012";

interface PolicyStatement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: object;
}

interface PolicyDocument {
  Version: string;
  Statement: PolicyStatement[];
}

/** What `docs/deployer-policy.json` lets whoever has it do, asked of an IAM simulator. */
export class DeployerPolicy {
  readonly document: PolicyDocument;

  /** @param change what somebody makes of the policy before it is used */
  constructor(change: (statement: PolicyStatement) => PolicyStatement[] = (statement) => [statement]) {
    const text = readFileSync(new URL("../../docs/deployer-policy.json", import.meta.url), "utf8");
    const { Version, Statement } = JSON.parse(text) as PolicyDocument;
    this.document = { Version, Statement: Statement.flatMap(change) };
  }

  /** @throws {Error} when the simulator does not know the action or the kind of resource */
  async isAllowed(action: string, resource: string, context: Record<string, string> = {}): Promise<boolean> {
    if (action.startsWith("apigateway:")) return this.#isNamed(action, resource);
    const everything = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
    };
    const result = await runSimulation(
      {
        request: {
          principal: `arn:aws:iam::${ACCOUNT}:user/deployer`,
          action,
          resource: { resource, accountId: ACCOUNT },
          contextVariables: { "aws:SecureTransport": "true", ...context },
        },
        identityPolicies: [{ name: "deployer", policy: this.document }],
        serviceControlPolicies: [
          { orgIdentifier: "root", policies: [{ name: "everything", policy: everything }] },
        ],
        resourceControlPolicies: [],
        resourcePolicy: action.startsWith("kms:")
          ? keyPolicy({ partition: "aws", account: ACCOUNT })
          : undefined,
      },
      {},
    );
    if (result.resultType === "error") {
      throw new Error(`${action} on ${resource} cannot be simulated: ${JSON.stringify(result.errors)}`);
    }
    return result.overallResult === "Allowed";
  }
  /** Of API Gateway the simulator knows the older kind of API only. */
  #isNamed(action: string, resource: string): boolean {
    return this.document.Statement.some(
      ({ Action, Resource, Condition }) =>
        !Condition && matchesAny(Action, action) && matchesAny(Resource, resource),
    );
  }
}

function matchesAny(patterns: string | string[], text: string): boolean {
  return [patterns]
    .flat()
    .some((pattern) =>
      new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`).test(text),
    );
}
