import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { type Database, openDatabase } from "../lib/store/table.ts";
import { startDynamoDB } from "./aws/dynamodb.ts";
import { startMessaging } from "./aws/messaging.ts";
import { type Subscription, subscribe } from "./aws/subscription.ts";
import { createTable, type TableProperties } from "./aws/table.ts";
import { startStandalone } from "./harness/standalone-process.ts";
import { startSecretsManager } from "./secrets-manager/secrets-manager.ts";

const TABLE = "tracked-tasks";
const CALLBACK_KEY = "callback-key";
const HINTS = "hints";
/** The properties of the queue, as in `infra/callbacks.yml`. */
const HINT_VISIBILITY_SECONDS = "120";
const HINT_RECEIVES = 100;
/** The region of everything local. */
export const REGION = "eu-central-1";

/** The URLs of the emulators. */
export interface CloudUrls {
  dynamodb: string;
  messaging: string;
  secrets: string;
}

/** An organisation's credentials, as in its secret. */
export interface SecretContent {
  accessKey: string;
  secretKey: string;
  baseUrl?: string;
}

/** The AWS services that the service needs, on loopback. */
export class Cloud implements AsyncDisposable {
  readonly urls: CloudUrls;
  readonly topicArn: string;
  readonly dynamodb: DynamoDBClient;
  /** The table, as the stores use it. */
  readonly db: Database;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly secrets: SecretsManagerClient;
  readonly #running: AsyncDisposable[];

  private constructor(urls: CloudUrls, topicArn: string, clients: Clients, running: AsyncDisposable[]) {
    this.urls = urls;
    this.topicArn = topicArn;
    this.dynamodb = clients.dynamodb;
    this.db = openDatabase(TABLE, clients.dynamodb);
    this.sns = clients.sns;
    this.sqs = clients.sqs;
    this.secrets = clients.secrets;
    this.#running = running;
  }

  /** Starts every emulator in this process, and creates the table and the topic. */
  static async start(
    table: TableProperties,
    ports: { dynamodb?: number; messaging?: number; secrets?: number } = {},
  ): Promise<Cloud> {
    const [dynamodb, messaging, secrets] = await Promise.all([
      startDynamoDB({ port: ports.dynamodb ?? 0 }),
      startMessaging({ port: ports.messaging ?? 0 }),
      startSecretsManager({ port: ports.secrets ?? 0, region: REGION }),
    ]);
    const urls = { dynamodb: dynamodb.url, messaging: messaging.url, secrets: secrets.url };
    return Cloud.#furnish(urls, table, [dynamodb, messaging, secrets]);
  }

  /**
   * Starts DynamoDB and messaging in separate processes, so that their CPU time does not count as this process's,
   * and creates the table and the topic.
   *
   * @param directory where they store their data; in memory if omitted
   */
  static async startApart(table: TableProperties, directory?: string): Promise<Cloud> {
    const folder = (name: string) => directory && join(directory, name);
    const [dynamodb, messaging, secrets] = await Promise.all([
      startStandalone("local/aws/dynamodb-main.ts", folder("dynamodb")),
      startStandalone("local/aws/messaging-main.ts", folder("messaging")),
      startSecretsManager({ region: REGION }),
    ]);
    const urls = { dynamodb: dynamodb.url, messaging: messaging.url, secrets: secrets.url };
    return Cloud.#furnish(urls, table, [dynamodb, messaging, secrets]);
  }

  static async #furnish(urls: CloudUrls, table: TableProperties, running: AsyncDisposable[]): Promise<Cloud> {
    const clients = connect(urls);
    await createTable(clients.dynamodb, table, TABLE);
    const { TopicArn } = await clients.sns.send(new CreateTopicCommand({ Name: "events" }));
    if (!TopicArn) throw new Error("SNS gave no ARN for the topic");
    await createHintQueue(clients.sqs);
    await putSecretValue(clients.secrets, CALLBACK_KEY, randomBytes(32).toString("hex"));
    return new Cloud(urls, TopicArn, clients, running);
  }

  /**
   * The settings that point the functions here.
   *
   * @param enosUrl the EnOS gateway: the simulator's, or a real one
   */
  env(enosUrl: string): Record<string, string> {
    return {
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_ENDPOINT_URL_DYNAMODB: this.urls.dynamodb,
      AWS_ENDPOINT_URL_SNS: this.urls.messaging,
      AWS_ENDPOINT_URL_SQS: this.urls.messaging,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: this.urls.secrets,
      ENOS_API_BASE_URL: enosUrl,
      TRACKED_TASKS_TABLE: TABLE,
      EVENTS_TOPIC_ARN: this.topicArn,
      CALLBACK_BASE_URL: "http://127.0.0.1:3000",
      CALLBACK_KEY_SECRET: CALLBACK_KEY,
      HINT_QUEUE_URL: this.hintQueueUrl,
    };
  }

  /** The queue of hints, with a host that resolves, unlike those in the emulator's own URLs. */
  get hintQueueUrl(): string {
    return `${this.urls.messaging}/000000000000/${HINTS}`;
  }

  /** The dead-letter queue of hints. */
  get hintDeadLettersUrl(): string {
    return `${this.hintQueueUrl}-dead-letters`;
  }

  /** Replaces the key for the tokens in callback URLs. */
  async replaceCallbackKey(): Promise<void> {
    await putSecretValue(this.secrets, CALLBACK_KEY, randomBytes(32).toString("hex"));
  }

  /** Stores an organisation's secret, or its next version. */
  async putSecret(orgId: string, content: SecretContent): Promise<void> {
    await putSecretValue(this.secrets, `enos/${orgId}`, JSON.stringify(content));
  }

  /** Creates a queue that receives everything published from now on. */
  subscribe(queueName: string, filterPolicy?: Record<string, unknown>): Promise<Subscription> {
    const { sns, sqs, topicArn } = this;
    return subscribe({ sns, sqs, topicArn, queueName, ...(filterPolicy && { filterPolicy }) });
  }

  /** Stops everything that was started. */
  async close(): Promise<void> {
    for (const client of [this.dynamodb, this.sns, this.sqs, this.secrets]) client.destroy();
    await Promise.all(this.#running.map((each) => each[Symbol.asyncDispose]()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function putSecretValue(
  secrets: SecretsManagerClient,
  Name: string,
  SecretString: string,
): Promise<void> {
  try {
    await secrets.send(new CreateSecretCommand({ Name, SecretString }));
  } catch (error) {
    if (!(error instanceof ResourceExistsException)) throw error;
    await secrets.send(new PutSecretValueCommand({ SecretId: Name, SecretString }));
  }
}

/** The queue of hints and its dead-letter queue. */
async function createHintQueue(sqs: SQSClient): Promise<void> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `${HINTS}-dead-letters` }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  await sqs.send(
    new CreateQueueCommand({
      QueueName: HINTS,
      Attributes: {
        VisibilityTimeout: HINT_VISIBILITY_SECONDS,
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: Attributes?.QueueArn,
          maxReceiveCount: HINT_RECEIVES,
        }),
      },
    }),
  );
}

interface Clients {
  dynamodb: DynamoDBClient;
  sns: SNSClient;
  sqs: SQSClient;
  secrets: SecretsManagerClient;
}

function connect(urls: CloudUrls): Clients {
  const common = { region: REGION, credentials: { accessKeyId: "local", secretAccessKey: "local" } };
  return {
    dynamodb: new DynamoDBClient({ ...common, endpoint: urls.dynamodb }),
    sns: new SNSClient({ ...common, endpoint: urls.messaging }),
    // The emulator's queue URLs have a host name that does not resolve.
    sqs: new SQSClient({ ...common, endpoint: urls.messaging, useQueueUrlAsEndpoint: false }),
    secrets: new SecretsManagerClient({ ...common, endpoint: urls.secrets }),
  };
}
