import {
  Agent,
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import { listen } from "../loopback.ts";
import type { LocalStack } from "./stack.ts";

/** A local AWS at one address, as `AWS_ENDPOINT_URL` takes it. */
export interface Front extends AsyncDisposable {
  readonly url: string;
}

/** Where requests are forwarded to. */
export interface FrontOptions {
  /** The port on 127.0.0.1; any free one if omitted. */
  port?: number;
  /** The URLs of the emulators, by the service name in the requests' signatures. */
  emulators: Readonly<Record<string, string>>;
  /** Answers for CloudFormation and CloudWatch. */
  stack: LocalStack;
}

/** The service of a request, which is part of its signature. */
const SIGNED_FOR = /Credential=[^/]+\/\d{8}\/[^/]+\/([a-z0-9-]+)\/aws4_request/;

/** Starts the front. Rejects if the port is taken. */
export async function startFront({ port, emulators, stack }: FrontOptions): Promise<Front> {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((request, response) => {
    // A caller that has disconnected needs no answer.
    request.on("error", () => {});
    const [, service = ""] = SIGNED_FOR.exec(request.headers.authorization ?? "") ?? [];
    const url = emulators[service];
    if (url) pass(request, response, url, agent);
    else void answer(request, response, stack, service).catch(() => response.destroy());
  });
  const loopback = await listen(server, port);
  return {
    url: loopback.url,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await loopback[Symbol.asyncDispose]();
    },
  };
}

/** Forwards a request and its answer unchanged. */
function pass(request: IncomingMessage, response: ServerResponse, url: string, agent: Agent): void {
  const { method, headers, url: path } = request;
  const onward = forward(new URL(path ?? "/", url), { method, headers, agent }, (answered) => {
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(response);
  });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  stack: LocalStack,
  service: string,
): Promise<void> {
  const { status, type, body } = stack.answer(service, await buffer(request));
  response.writeHead(status, { "content-type": type }).end(body);
}
