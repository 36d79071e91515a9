/**
 * An endpoint that SNS posts to (protocol `https`). Put it behind something that speaks TLS, such as a load balancer,
 * and subscribe without raw message delivery: a raw message has no signature.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type Agent, get } from "node:https";
import Validator from "sns-payload-validator";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { eventOf } from "../event.ts";

/** SNS takes messages of 256 KiB; here they come as text in JSON, which is longer. */
const MAX_BODY = 1024 * 1024;
/** Only SNS itself is asked to confirm a subscription. */
const SUBSCRIBE_URL = /^https:\/\/sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\//;

/** What a receiver needs. */
export interface ReceiverOptions {
  /** The topic: a message of any other is refused, however well it is signed. */
  topicArn: string;
  /** What is to happen for each event; it can be called twice for one, with the same `id`. */
  act: (event: TerminalEvent) => Promise<void>;
  /** Hears of requests that were refused, and of what went wrong. */
  onError: (error: unknown) => void;
  /** How SNS is reached for its certificates and confirmations. */
  agent?: Agent;
}

interface SnsMessage {
  Type: "Notification" | "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  TopicArn: string;
  Message: string;
  SubscribeURL?: string;
}

/** A server for SNS's requests: 204 for a message that was taken, which SNS then does not send again. */
export function receiver({ topicArn, act, onError, agent }: ReceiverOptions): Server {
  const validator = new Validator(agent ? { requestAgent: agent } : {});
  const take = async (body: string): Promise<number> => {
    let message: SnsMessage;
    try {
      message = (await validator.validate(JSON.parse(body))) as unknown as SnsMessage;
    } catch (error) {
      onError(error);
      return 403;
    }
    if (message.TopicArn !== topicArn) return 403;
    if (message.Type === "SubscriptionConfirmation") await confirm(message.SubscribeURL ?? "", agent);
    if (message.Type === "Notification") await act(eventOf(message.Message));
    return 204;
  };
  return createServer(async (request, response) => {
    let status: number;
    try {
      const body = request.method === "POST" ? await bodyOf(request) : undefined;
      status = body === undefined ? 405 : await take(body);
    } catch (error) {
      // SNS sends it again.
      onError(error);
      status = error instanceof TooLong ? 413 : 500;
    }
    response.writeHead(status, status === 413 ? { connection: "close" } : {}).end();
  });
}

class TooLong extends Error {}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > MAX_BODY) throw new TooLong("the message is too long");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

/** Visits the address that confirms a subscription. */
function confirm(url: string, agent: Agent | undefined): Promise<void> {
  if (!SUBSCRIBE_URL.test(url))
    return Promise.reject(new Error("the address of the confirmation is not SNS's"));
  return new Promise((resolve, reject) => {
    get(url, agent ? { agent } : {}, (answer) => {
      answer.resume();
      if (answer.statusCode === 200) resolve();
      else reject(new Error(`the confirmation was answered with ${answer.statusCode}`));
    }).on("error", reject);
  });
}
