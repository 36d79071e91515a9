import { readFileSync } from "node:fs";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const ACCOUNT = "123456789012";

/** What `docs/deployer-policy.json` lets whoever has it do, asked of an IAM simulator. */
export class DeployerPolicy {
  readonly document: object = JSON.parse(
    readFileSync(new URL("../../docs/deployer-policy.json", import.meta.url), "utf8"),
  );

  /** @throws {Error} when the simulator does not know the action or the kind of resource */
  async isAllowed(action: string, resource: string, context: Record<string, string> = {}): Promise<boolean> {
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
        resourcePolicy: undefined,
      },
      {},
    );
    if (result.resultType === "error") {
      throw new Error(`${action} on ${resource} cannot be simulated: ${JSON.stringify(result.errors)}`);
    }
    return result.overallResult === "Allowed";
  }
}
