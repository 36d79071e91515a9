import { once } from "node:events";
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { buffer, text } from "node:stream/consumers";
import type { CloudUrls } from "../cloud.ts";
import { type Loopback, listen } from "../loopback.ts";
import { type AwsCall, readCall } from "./aws-call.ts";
import { failEntries, forgetEntries } from "./publish-batch.ts";

/** What happens to a call that matches a rule. */
export type Fate =
  /** AWS refuses: the call is not carried out. */
  | { kind: "refuse"; httpStatus: number; code: string }
  /** No answer, ever. The call is not carried out. */
  | { kind: "hang" }
  /** The connection breaks before the call is carried out. */
  | { kind: "reset" }
  /** The call is carried out, and then the connection breaks. */
  | { kind: "lose-answer" }
  /** The call is delayed until the promise resolves, whether or not its caller still waits. */
  | { kind: "hold"; until: Promise<void> }
  /** SNS accepts every second entry of the batch and reports the others as failed. */
  | { kind: "fail-entries" }
  /** SNS accepts the whole batch, but its answer contains only every second entry. */
  | { kind: "forget-entries" };

/** Which calls a fate applies to. */
export interface Rule {
  matches(call: AwsCall): boolean;
  fate: Fate;
  /** How many calls; unlimited if omitted. */
  times?: number;
}

/** An observed call. */
export interface Observed {
  call: AwsCall;
  /** Unix milliseconds. */
  arrivedAt: number;
  /** When it was answered, and with what HTTP status; undefined until then. */
  answered?: { at: number; httpStatus: number; body: string };
}

interface Answer {
  httpStatus: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * A proxy between the SDK's clients and the emulators. It records calls and forwards them unchanged, except for those
 * that match a rule.
 */
export class AwsProxy implements AsyncDisposable {
  readonly url: string;
  /** Every call so far. */
  readonly observed: Observed[] = [];
  /** Called with each call before it is forwarded. */
  onCall: (call: AwsCall) => void = () => {};
  /** Called with each call once it has been carried out, before it is answered. */
  onCarriedOut: (call: AwsCall) => void = () => {};
  readonly #urls: CloudUrls;
  readonly #loopback: Loopback;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #serving = new Set<Promise<void>>();
  #rules: Rule[] = [];

  private constructor(urls: CloudUrls, loopback: Loopback) {
    this.#urls = urls;
    this.#loopback = loopback;
    this.url = loopback.url;
  }

  /** @param urls where the emulators listen */
  static async start(urls: CloudUrls): Promise<AwsProxy> {
    const server = createServer();
    const proxy = new AwsProxy(urls, await listen(server));
    server.on("request", (request, response) => {
      // If the caller was killed, its call still goes ahead.
      request.on("error", () => {});
      response.on("error", () => {});
      const serving = proxy.#serve(request, response).catch(() => void response.destroy());
      proxy.#serving.add(serving);
      serving.finally(() => proxy.#serving.delete(serving));
    });
    return proxy;
  }

  /** Settings that send a function's calls through here. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL_DYNAMODB: this.url,
      AWS_ENDPOINT_URL_SNS: this.url,
      AWS_ENDPOINT_URL_SQS: this.url,
      HINT_QUEUE_URL: `${this.url}/000000000000/hints`,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: this.url,
    };
  }

  /** Adds rules for future calls. */
  add(...rules: Rule[]): void {
    this.#rules.push(...rules.map((rule) => ({ ...rule })));
  }

  /** Removes all rules; calls that hang keep hanging. */
  clear(): void {
    this.#rules = [];
  }

  /** Resolves when every call has been dealt with, including delayed ones. */
  async settled(): Promise<void> {
    await Promise.all(this.#serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.#loopback[Symbol.asyncDispose]();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const call = readCall(request.headers, body);
    const observed: Observed = { call, arrivedAt: Date.now() };
    this.observed.push(observed);
    this.onCall(call);
    const answer = await this.#meet(this.#fateOf(call), call, request, body);
    if (answer === "silence") return;
    if (answer === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    observed.answered = { at: Date.now(), httpStatus: answer.httpStatus, body: answer.body };
    response.writeHead(answer.httpStatus, answer.headers).end(answer.body);
  }

  #fateOf(call: AwsCall): Fate | undefined {
    const rule = this.#rules.find((each) => each.matches(call));
    if (rule?.times !== undefined && --rule.times === 0) {
      this.#rules = this.#rules.filter((each) => each !== rule);
    }
    return rule?.fate;
  }

  async #meet(
    fate: Fate | undefined,
    call: AwsCall,
    request: IncomingMessage,
    body: Buffer,
  ): Promise<Answer | "reset" | "silence"> {
    const forward = (changed = body) => this.#forward(call, request, changed);
    switch (fate?.kind) {
      case undefined:
        return forward();
      case "refuse":
        return refusal(call, fate.httpStatus, fate.code);
      case "hang":
        return "silence";
      case "reset":
        return "reset";
      case "lose-answer":
        await forward();
        return "reset";
      case "hold":
        await fate.until;
        return forward();
      case "fail-entries": {
        const { body: rest, answer } = failEntries(body.toString());
        return rest === undefined ? xml(200, answer("")) : withBody(await forward(Buffer.from(rest)), answer);
      }
      case "forget-entries":
        return withBody(await forward(), forgetEntries);
    }
  }

  async #forward(call: AwsCall, { headers, url }: IncomingMessage, body: Buffer): Promise<Answer> {
    const origin = {
      dynamodb: this.#urls.dynamodb,
      sns: this.#urls.messaging,
      sqs: this.#urls.messaging,
      secretsmanager: this.#urls.secrets,
    };
    const target = new URL(url ?? "/", origin[call.service]);
    const outgoing = httpRequest(target, {
      method: "POST",
      agent: this.#agent,
      headers: { ...headers, host: target.host, "content-length": body.length },
    });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const answered = await text(incoming);
    this.onCarriedOut(call);
    const kept = Object.entries(incoming.headers).filter(([name]) => KEPT.has(name));
    return {
      httpStatus: incoming.statusCode ?? 502,
      headers: Object.fromEntries(kept) as Record<string, string>,
      body: answered,
    };
  }
}

/** The headers that are passed back: not length and checksum, since the body may be changed. */
const KEPT = new Set(["content-type", "x-amzn-requestid", "x-amzn-errortype"]);

function withBody(answer: Answer, change: (body: string) => string): Answer {
  return { ...answer, body: change(answer.body) };
}

function xml(httpStatus: number, body: string): Answer {
  return { httpStatus, headers: { "content-type": "text/xml" }, body };
}

function refusal({ service }: AwsCall, httpStatus: number, code: string): Answer {
  if (service === "sns") {
    const type = httpStatus < 500 ? "Sender" : "Receiver";
    const body = `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>${type}</Type><Code>${code}</Code><Message>by the proxy</Message></Error><RequestId>proxy</RequestId></ErrorResponse>`;
    return xml(httpStatus, body);
  }
  return {
    httpStatus,
    headers: { "content-type": "application/x-amz-json-1.0" },
    body: JSON.stringify({ __type: `com.amazonaws#${code}`, message: "by the proxy" }),
  };
}
