import { CloudFormationClient, type CloudFormationClientConfig } from "@aws-sdk/client-cloudformation";
import {
  ACCEPTABLE,
  type Change,
  changesOf,
  type DeployedStack,
  NO_ROLLBACK,
  type Planned,
  refusalsOf,
  statusProblem,
  tableProblem,
} from "./changes.ts";
import { readStack, SETTINGS_OUTPUT } from "./deployed-stack.ts";
import { DEFAULT_SETTINGS } from "./settings.ts";

interface Provider {
  naming: { getStackName(): string };
  getStage(): string;
  getRegion(): string;
  getAwsSdkV3Config(): Promise<CloudFormationClientConfig>;
}

interface Serverless {
  getProvider(name: "aws"): Provider;
  service: {
    provider: {
      shouldNotDeploy?: boolean;
      compiledCloudFormationTemplate: {
        Resources: Planned["resources"];
        Outputs: Record<string, { Value: unknown } | undefined>;
      };
    };
  };
  classes: { Error: new (message: string) => Error };
}

interface Options {
  accept?: string[];
  force?: boolean;
  /** For `rollback`: the deployment to return to. */
  timestamp?: string;
}

interface Log {
  notice(message: string): void;
}

/**
 * Prints which settings a deployment changes, and refuses irreversible changes unless `--accept` names them, before
 * anything in the account is changed.
 */
export default class DeployPlugin {
  readonly commands = {
    deploy: {
      options: {
        accept: {
          usage: "A change that the deployment may make, by the name in the refusal",
          type: "multiple",
        },
      },
    },
  };

  readonly hooks = {
    "before:aws:deploy:deploy:createStack": () => this.#check((line) => this.#log.notice(line)),
    // Again, since somebody else may have deployed in the meantime.
    "before:aws:deploy:deploy:updateStack": () => this.#check(() => {}),
    "before:rollback:initialize": async () => this.#refuseRollback(),
  };

  readonly #serverless: Serverless;
  readonly #options: Options;
  readonly #log: Log;

  constructor(serverless: Serverless, options: Options, { log }: { log: Log }) {
    this.#serverless = serverless;
    this.#options = options;
    this.#log = log;
  }

  async #check(tell: (line: string) => void): Promise<void> {
    const { shouldNotDeploy, compiledCloudFormationTemplate: template } = this.#serverless.service.provider;
    if (shouldNotDeploy) return;
    const accepted = this.#options.accept ?? [];
    const unknown = accepted.find((name) => !ACCEPTABLE.includes(name));
    if (unknown) this.#refuse(`--accept ${unknown}: there is no change of that name to accept`);

    const provider = this.#serverless.getProvider("aws");
    const name = provider.naming.getStackName();
    const client = new CloudFormationClient(await provider.getAwsSdkV3Config());
    const deployed = await readStack(client, name).finally(() => client.destroy());
    const planned: Planned = {
      settings: JSON.parse(String(template.Outputs[SETTINGS_OUTPUT]?.Value)),
      resources: template.Resources,
    };
    const stack = `${name} (${provider.getRegion()})`;
    const problem =
      deployed &&
      (statusProblem(deployed, {
        remove: `npm run osls -- remove --stage ${provider.getStage()}`,
        stack: name,
      }) ??
        tableProblem(deployed, planned));
    if (problem) this.#refuse(`${stack} cannot be deployed to: ${problem}`);
    // osls would compare with what the failed deployment has uploaded.
    if (deployed?.status.includes("ROLLBACK")) this.#options.force = true;
    this.#compare(stack, deployed, planned, accepted, tell);
  }

  #compare(
    stack: string,
    deployed: DeployedStack | undefined,
    planned: Planned,
    accepted: string[],
    tell: (line: string) => void,
  ): void {
    // osls first creates an almost empty stack.
    const isNew = !deployed?.settings && !deployed?.resources.EventsTopic;
    const changes = changesOf(deployed?.settings ?? {}, planned.settings, DEFAULT_SETTINGS);
    if (isNew) {
      tell(
        `A new stack, ${stack}, with ${changes.length === 0 ? "every setting at its default" : "these settings:"}`,
      );
    } else if (!deployed?.settings) {
      tell(`${stack} has not recorded its settings. Settings that are not at their default:`);
    } else {
      tell(changes.length === 0 ? `No setting changes in ${stack}` : `Settings that change in ${stack}:`);
    }
    for (const line of table(changes)) tell(line);
    if (isNew || !deployed) return;
    const refusals = refusalsOf(deployed, planned, changes).filter(({ name }) => !accepted.includes(name));
    if (refusals.length === 0) return;
    const lines = refusals.map(({ name, does }) => `  ${name} ${does}`);
    const options = refusals.map(({ name }) => ` --accept ${name}`).join("");
    const stage = this.#serverless.getProvider("aws").getStage();
    this.#refuse(
      `Nothing was changed, since this deployment would make changes that cannot be undone:\n${lines.join("\n")}\nIf that is intended: npm run deploy -- --stage ${stage}${options}`,
    );
  }

  /** Without a timestamp, osls only lists what it could return to. */
  #refuseRollback(): void {
    if (this.#options.timestamp !== undefined) this.#refuse(NO_ROLLBACK);
  }

  /** For this class of errors osls prints only the message, for others a stack trace. */
  #refuse(message: string): never {
    throw new this.#serverless.classes.Error(message);
  }
}

function table(changes: Change[]): string[] {
  const width = Math.max(0, ...changes.map(({ name }) => name.length));
  return changes.map(
    ({ name, before, after }) => `  ${name.padEnd(width)}  ${before ?? "unset"} -> ${after ?? "unset"}`,
  );
}
