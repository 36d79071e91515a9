import { type AccountRules, applyAccountRules } from "./account.ts";
import type { CompiledTemplate } from "./compiled-template.ts";
import { checkNames, purposeOf } from "./deployer-settings.ts";
import { type Deployment, deployment } from "./deployment.ts";

interface FunctionDefinition {
  name?: string;
  events?: { schedule?: { rate: string[] } }[];
}

interface Serverless {
  processedInput: { commands: string[]; options?: { help?: boolean } };
  service: {
    functions: Record<string, FunctionDefinition>;
    provider: { stage: string; compiledCloudFormationTemplate: CompiledTemplate };
  };
  classes: { Error: new (message: string) => Error };
}

/** A variable source of osls. */
interface VariableSource {
  resolve(request: { address: string }): { value: unknown };
}

/**
 * Gives `serverless.yml` the values that depend on the deployer's environment, as `${deployment:…}`,
 * `${environment:…}`, `${route:…}` and `${setting:…}`, applies the account's rules to the
 * template, and adapts the schedule to a local run.
 */
export default class TemplatePlugin {
  readonly configurationVariablesSources: Record<string, VariableSource>;

  readonly hooks = {
    initialize: () => this.#checkNames(),
    "before:offline:start": () => this.#fitToLocalRun(),
    "before:offline:start:init": () => this.#fitToLocalRun(),
    "after:aws:package:finalize:mergeCustomProviderResources": () => this.#bringUnderRules(),
  };

  readonly #serverless: Serverless;
  readonly #rules: AccountRules;

  constructor(serverless: Serverless) {
    this.#serverless = serverless;
    const { settings, environments, routes, accountRules, ...rest } = this.#deployment();
    this.#rules = accountRules;
    this.configurationVariablesSources = {
      deployment: this.#source(rest),
      environment: this.#source(environments),
      route: this.#source(routes),
      setting: this.#source(settings),
    };
  }

  #deployment(): Deployment {
    const { commands, options } = this.#serverless.processedInput;
    try {
      return deployment(process.env, options?.help ? "ask" : purposeOf(commands));
    } catch (error) {
      throw this.#refusal(error instanceof Error ? error.message : String(error));
    }
  }

  #source(values: Record<string, unknown>): VariableSource {
    return {
      resolve: ({ address }) => {
        if (!Object.hasOwn(values, address)) throw this.#refusal(`there is no value named ${address}`);
        return { value: values[address] };
      },
    };
  }

  /** For this class of errors osls prints only the message, for others a stack trace. */
  #refusal(message: string): Error {
    return new this.#serverless.classes.Error(message);
  }

  #checkNames(): void {
    const { functions, provider } = this.#serverless.service;
    try {
      checkNames(
        Object.values(functions).map(({ name = "" }) => name),
        provider.stage,
      );
    } catch (error) {
      throw this.#refusal((error as Error).message);
    }
  }

  #bringUnderRules(): void {
    applyAccountRules(this.#serverless.service.provider.compiledCloudFormationTemplate, this.#rules);
  }

  #fitToLocalRun(): void {
    const seconds = Number(process.env.SWEEP_INTERVAL_SECONDS || 60);
    for (const { events = [] } of Object.values(this.#serverless.service.functions)) {
      for (const { schedule } of events) {
        // Its cron supports seconds, and drops the last field, which is the year in EventBridge.
        if (schedule && seconds < 60) schedule.rate = [`cron(*/${seconds} * * * * * *)`];
      }
    }
  }
}
