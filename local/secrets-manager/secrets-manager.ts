import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import * as z from "zod/mini";
import { listen } from "../loopback.ts";
import { ServiceError } from "./service-error.ts";
import { type SecretRequest, Vault } from "./vault.ts";

/** A running Secrets Manager simulator. */
export interface SecretsManager extends AsyncDisposable {
  readonly url: string;
  /** Requests so far, by action. */
  readonly requests: Readonly<Record<Action, number>>;
  close(): Promise<void>;
}

export interface SecretsManagerOptions {
  /** The port on 127.0.0.1; any free one if omitted. */
  readonly port?: number;
  /** The region in the ARNs. */
  readonly region?: string;
}

const ACTIONS = {
  CreateSecret: (vault: Vault, request: SecretRequest) => vault.create(request),
  DescribeSecret: (vault: Vault, request: SecretRequest) => vault.describe(request),
  ListSecrets: (vault: Vault, request: SecretRequest) => vault.list(request),
  GetSecretValue: (vault: Vault, request: SecretRequest) => vault.get(request),
  PutSecretValue: (vault: Vault, request: SecretRequest) => vault.put(request),
  UpdateSecret: (vault: Vault, request: SecretRequest) => vault.update(request),
  DeleteSecret: (vault: Vault, request: SecretRequest) => vault.delete(request),
};

type Action = keyof typeof ACTIONS;

const Text = z.optional(z.string());

const RequestBody = z.object({
  Name: Text,
  SecretId: Text,
  SecretString: Text,
  SecretBinary: Text,
  ClientRequestToken: z.optional(z.string().check(z.minLength(32), z.maxLength(64))),
  VersionId: Text,
  VersionStage: Text,
  VersionStages: z.optional(z.array(z.string()).check(z.minLength(1), z.maxLength(20))),
  ForceDeleteWithoutRecovery: z.optional(z.boolean()),
  Filters: z.optional(z.array(z.object({ Key: z.string(), Values: z.array(z.string()) }))),
});

// A secret is at most 64 KiB; no request is larger than a megabyte.
const MAX_BODY = 1024 * 1024;

/**
 * Starts a Secrets Manager on loopback that speaks AWS JSON 1.1 and keeps its secrets in memory.
 * Rejects if the port is taken.
 */
export async function startSecretsManager(options: SecretsManagerOptions = {}): Promise<SecretsManager> {
  const vault = new Vault(options.region ?? "us-east-1");
  const requests = {
    CreateSecret: 0,
    DescribeSecret: 0,
    ListSecrets: 0,
    GetSecretValue: 0,
    PutSecretValue: 0,
    UpdateSecret: 0,
    DeleteSecret: 0,
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    // A caller that disconnects while sending needs no answer.
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY) chunks.push(chunk);
    });
    request.on("end", () => {
      const body = length > MAX_BODY ? "" : Buffer.concat(chunks).toString();
      serve(vault, requests, request, body, response);
    });
  });
  const loopback = await listen(server, options.port);
  const close = () => loopback[Symbol.asyncDispose]();
  return { url: loopback.url, requests, close, [Symbol.asyncDispose]: close };
}

function serve(
  vault: Vault,
  requests: Record<Action, number>,
  request: IncomingMessage,
  body: string,
  response: ServerResponse,
): void {
  try {
    const action = actionOf(request);
    requests[action] += 1;
    send(response, 200, ACTIONS[action](vault, parse(body)));
  } catch (error) {
    if (error instanceof ServiceError) {
      send(response, 400, { __type: error.type, Message: error.message, message: error.message });
    } else {
      send(response, 500, {
        __type: "InternalServiceError",
        message: "An error occurred on the server side.",
      });
    }
  }
}

function actionOf(request: IncomingMessage): Action {
  const target = request.headers["x-amz-target"];
  const name = typeof target === "string" ? target.replace(/^secretsmanager\./, "") : "";
  if (request.method !== "POST" || target === name || !Object.hasOwn(ACTIONS, name)) {
    throw new ServiceError("UnknownOperationException", "");
  }
  return name as Action;
}

function parse(body: string): SecretRequest {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new ServiceError("SerializationException", "");
  }
  const parsed = RequestBody.safeParse(json);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".") || "body";
  throw new ServiceError("InvalidParameterException", `The parameter ${field} is not valid.`);
}

function send(response: ServerResponse, httpStatus: number, value: object): void {
  const text = JSON.stringify(value);
  response.writeHead(httpStatus, {
    "content-type": "application/x-amz-json-1.1",
    "content-length": Buffer.byteLength(text),
    "x-amzn-requestid": randomUUID(),
  });
  response.end(text);
}
