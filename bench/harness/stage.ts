import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { FunctionName } from "../../lib/settings.ts";
import { startSecretsManager } from "../../local/secrets-manager/secrets-manager.ts";
import { unpack } from "../../test/support/artefact.ts";
import { Enos, ORGANISATION } from "./enos.ts";
import { MeasuredProcess } from "./measured-process.ts";
import { Table } from "./table.ts";

const REGION = "eu-central-1";
const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };

/** What the packaged functions need around them, on loopback: EnOS and DynamoDB in processes of their own. */
export class Stage implements AsyncDisposable {
  readonly enos: Enos;
  readonly table: Table;
  readonly #secretsUrl: string;
  readonly #parts: AsyncDisposableStack;

  private constructor(enos: Enos, table: Table, secretsUrl: string, parts: AsyncDisposableStack) {
    this.enos = enos;
    this.table = table;
    this.#secretsUrl = secretsUrl;
    this.#parts = parts;
  }

  static async start(): Promise<Stage> {
    await using parts = new AsyncDisposableStack();
    const enos = parts.use(await Enos.start());
    const table = parts.use(await Table.start());
    // Asked once for each process that starts, so it may as well run in this one.
    const secrets = parts.use(await startSecretsManager({ region: REGION }));
    await putSecret(secrets.url);
    return new Stage(enos, table, secrets.url, parts.move());
  }

  /** What a function finds in its environment. */
  env(settings: Record<string, string> = {}): Record<string, string> {
    return {
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: this.#secretsUrl,
      ENOS_API_BASE_URL: this.enos.url,
      EVENTS_TOPIC_ARN: `arn:aws:sns:${REGION}:000000000000:events`,
      ...this.table.env,
      ...settings,
    };
  }

  /** Starts a packaged function. */
  start(
    name: FunctionName,
    settings: Record<string, string> = {},
    execArgv?: string[],
  ): Promise<MeasuredProcess> {
    return MeasuredProcess.start(unpack(name), this.env(settings), execArgv);
  }

  /** Starts a peer: a module of `bench/peers/`, told by its environment where EnOS is. */
  startPeer(file: string): Promise<MeasuredProcess> {
    const path = new URL(`../peers/${file}`, import.meta.url).pathname;
    return MeasuredProcess.start(path, { ENOS_API_BASE_URL: this.enos.url });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }
}

async function putSecret(endpoint: string): Promise<void> {
  const client = new SecretsManagerClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const { orgId, accessKey, secretKey } = ORGANISATION;
  const SecretString = JSON.stringify({ accessKey, secretKey });
  await client.send(new CreateSecretCommand({ Name: `enos/${orgId}`, SecretString }));
  client.destroy();
}
