import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { SQSBatchResponse } from "aws-lambda";
import { deployment } from "../../infra/deployment.ts";
import { stackName } from "../../infra/names.ts";
import { SETTINGS } from "../../lib/settings.ts";
import { EventSource } from "../aws/event-source.ts";
import { type Front, startFront } from "../aws/front.ts";
import { LocalStack } from "../aws/stack.ts";
import { Cloud, REGION } from "../cloud.ts";
import { tableFromSource } from "../template.ts";
import { type OnAnswer, ServiceClient } from "./client.ts";
import { Functions } from "./functions.ts";
import type { Trouble } from "./output.ts";

/** The ports of a local service; 0 means any free one. */
export interface LocalPorts {
  http: number;
  lambda: number;
  dynamodb: number;
  messaging: number;
  secrets: number;
  /** All of AWS. */
  aws: number;
}

/** Options of a local service. */
export interface LocalServiceOptions {
  /** The EnOS gateway: the simulator's, or a real one. */
  gatewayUrl: string;
  /** Settings for access to the gateway, if any. */
  gatewaySettings?: Record<string, string>;
  ports: LocalPorts;
  sweepSeconds: number;
  /** Called with the functions' errors and warnings. */
  onTrouble: (trouble: Trouble) => void;
  /** Called with every answer to the service's client. */
  onAnswer?: OnAnswer;
  /** Aborts the start. */
  signal?: AbortSignal | undefined;
}

/** The whole service on loopback: AWS in this process, and the functions as serverless-offline runs them. */
export class LocalService implements AsyncDisposable {
  readonly cloud: Cloud;
  readonly functions: Functions;
  readonly client: ServiceClient;
  /** Answers for CloudFormation and CloudWatch. */
  readonly stack: LocalStack;
  /** All of AWS at one address, with CloudFormation and CloudWatch. */
  readonly awsUrl: string;
  readonly #hints: EventSource;
  readonly #front: Front;

  private constructor(options: {
    cloud: Cloud;
    functions: Functions;
    hints: EventSource;
    stack: LocalStack;
    front: Front;
    onAnswer: OnAnswer | undefined;
  }) {
    this.cloud = options.cloud;
    this.functions = options.functions;
    this.client = new ServiceClient({ url: options.functions.url, onAnswer: options.onAnswer });
    this.stack = options.stack;
    this.awsUrl = options.front.url;
    this.#hints = options.hints;
    this.#front = options.front;
  }

  /** Starts everything; if something fails to start, everything else is stopped again. */
  static async start(options: LocalServiceOptions): Promise<LocalService> {
    const { gatewayUrl, gatewaySettings, ports, sweepSeconds, onTrouble, onAnswer, signal } = options;
    const cloud = await Cloud.start(tableFromSource(), ports);
    try {
      const env = {
        ...cloud.env(gatewayUrl),
        ...gatewaySettings,
        SWEEP_INTERVAL_SECONDS: String(sweepSeconds),
        CALLBACKS: "true",
        CALLBACK_BASE_URL: `http://127.0.0.1:${ports.http}`,
      };
      const functions = await Functions.start({ env, ports, onTrouble, signal });
      const stack = stackOf(cloud, functions, env);
      const front = await startFront({ port: ports.aws, emulators: emulatorsOf(cloud, functions), stack });
      const hints = readHints(cloud, functions, onTrouble);
      return new LocalService({ cloud, functions, hints, stack, front, onAnswer });
    } catch (error) {
      await cloud.close();
      throw error;
    }
  }

  /** Stops what uses the functions, then the functions, then the AWS that they use. */
  async close(): Promise<void> {
    await this.#front[Symbol.asyncDispose]();
    await this.#hints[Symbol.asyncDispose]();
    await this.functions.close();
    await this.cloud.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The stack that a deployment would have created. */
function stackOf(cloud: Cloud, functions: Functions, env: Record<string, string>): LocalStack {
  const settings = {
    ...JSON.parse(deployment(env, "offline").recordedSettings),
    ENOS_API_BASE_URL: env.ENOS_API_BASE_URL,
  };
  return new LocalStack({
    name: stackName(SETTINGS.STAGE.default),
    outputs: {
      HttpApiUrl: functions.url,
      EventsTopicArn: cloud.topicArn,
      TrackedTasksTableName: cloud.db.table,
      HintDeadLettersUrl: cloud.hintDeadLettersUrl,
      Settings: JSON.stringify(settings),
    },
  });
}

/** The emulators' URLs, by the service name in the requests' signatures. */
function emulatorsOf({ urls }: Cloud, { lambdaUrl }: Functions): Record<string, string> {
  const { dynamodb, messaging, secrets } = urls;
  return {
    dynamodb,
    sns: messaging,
    sqs: messaging,
    s3: messaging,
    sts: messaging,
    secretsmanager: secrets,
    lambda: lambdaUrl,
  };
}

/** Invokes the function with hints from the queue, since serverless-offline does not support SQS. */
function readHints(
  cloud: Cloud,
  { lambdaUrl }: Functions,
  onTrouble: (trouble: Trouble) => void,
): EventSource {
  const lambda = new LambdaClient({
    endpoint: lambdaUrl,
    region: REGION,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
  return new EventSource({
    sqs: cloud.sqs,
    queueUrl: cloud.hintQueueUrl,
    concurrency: 2,
    onTrouble: (text) => onTrouble({ text: `hints: ${text}`, kind: "hints" }),
    async invoke(event) {
      const { Payload, FunctionError } = await lambda.send(
        new InvokeCommand({
          FunctionName: `${stackName(SETTINGS.STAGE.default)}-hint`,
          Payload: JSON.stringify(event),
        }),
      );
      const answer = Buffer.from(Payload ?? []).toString();
      if (FunctionError) throw new Error(`the function hint failed: ${answer}`);
      return JSON.parse(answer || "null") as SQSBatchResponse | null;
    },
  });
}
