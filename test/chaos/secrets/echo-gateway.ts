import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Loopback, listen } from "../../../local/loopback.ts";
import type { Canaries } from "./canaries.ts";

/** Answers a request with an echo of it in some part of the answer. */
type Answer = (response: ServerResponse, echo: string) => void;

const json = (httpStatus: number, body: (echo: string) => object, headers: Record<string, string> = {}) =>
  ((response, echo) => {
    response.writeHead(httpStatus, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body(echo)));
  }) satisfies Answer;

const text = (httpStatus: number, body: (echo: string) => string) =>
  ((response, echo) => {
    response.writeHead(httpStatus, { "content-type": "text/html" });
    response.end(body(echo));
  }) satisfies Answer;

/** Bytes that are not HTTP, or not to their end. */
const raw = (bytes: (echo: string) => string) =>
  ((response, echo) => void response.socket?.end(bytes(echo))) satisfies Answer;

const inHeader = (name: string, httpStatus: number) =>
  ((response, echo) => {
    response.writeHead(httpStatus, { [name]: oneLine(echo) });
    response.end();
  }) satisfies Answer;

const oneLine = (echo: string) => echo.replaceAll(/[^\x21-\x7e]+/g, " ");

/** The ways to echo. */
export const ECHOES: Record<string, Answer> = {
  "an error's msg": json(200, (msg) => ({ code: 81500, msg, data: null })),
  "a refusal's msg": json(200, (msg) => ({ code: 99403, msg, data: null })),
  "the msg of refused credentials": json(200, (msg) => ({ status: 1003, msg, data: null })),
  "the msg of an expired token": json(200, (msg) => ({ apim_status: 4011, msg, data: null })),
  "a code": json(200, (code) => ({ code, msg: "", data: null })),
  "data that is text": json(200, (data) => ({ code: 0, data })),
  "another task's id": json(200, (taskId) => ({ code: 0, data: { taskId, progressCode: 3 } })),
  "a progress code": json(200, (progressCode) => ({ code: 0, data: [{ taskId: "t1", progressCode }] })),
  "a token that no header can carry": json(200, (echo) => ({
    status: 0,
    data: { accessToken: `${echo}\r\n`, expire: 7200 },
  })),
  "a token's life time": json(200, (expire) => ({ status: 0, data: { accessToken: "abc", expire } })),
  "a page": text(200, (echo) => `<html><pre>${echo}</pre></html>`),
  "a gateway's page": text(502, (echo) => `<html><pre>${echo}</pre></html>`),
  "a page that is too large": text(200, (echo) => echo.repeat(Math.ceil((2 * 1024 * 1024) / echo.length))),
  "half a JSON text": text(200, (echo) => `{"code":0,"msg":${JSON.stringify(echo)},"data":{"taskId":`),
  "JSON with something behind it": text(200, (echo) => `{"code":0}${echo}`),
  "a status line that is none": raw((echo) => `HTTP/1.1 ${oneLine(echo)}\r\n\r\n`),
  "a header that is none": raw((echo) => `HTTP/1.1 200 OK\r\n${oneLine(echo)}\0\r\n\r\n`),
  "a length that is none": raw(
    (echo) => `HTTP/1.1 200 OK\r\ncontent-length: ${oneLine(echo)}\r\n\r\n${echo}`,
  ),
  "a chunk that is none": raw((echo) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${echo}`),
  "a body that ends too early": raw((echo) => `HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n${echo}`),
  "no HTTP at all": raw((echo) => echo),
  "headers that are too many": raw(
    (echo) => `HTTP/1.1 200 OK\r\n${`x: ${oneLine(echo)}\r\n`.repeat(200)}\r\n`,
  ),
  "a redirection": inHeader("location", 302),
  "Retry-After": inHeader("retry-after", 429),
  "a challenge": inHeader("www-authenticate", 401),
};

/** Which of the two endpoints echoes; the other one answers as EnOS does. */
export type Endpoint = "token" | "status";

/**
 * An EnOS gateway that echoes what it was sent: headers with token and signature, and the body with the digest. In
 * which way depends on the organisation, which it knows by the access key or the token.
 */
export class EchoGateway implements AsyncDisposable {
  readonly url: string;
  readonly #loopback: Loopback;
  /** How many requests of each organisation were echoed. */
  readonly echoed = new Map<string, number>();

  private constructor(loopback: Loopback) {
    this.#loopback = loopback;
    this.url = loopback.url;
  }

  /**
   * @param canaries collects every token, signature and digest
   * @param echoOf how requests of an organisation are echoed; undefined if they are answered as usual
   */
  static async start(
    canaries: Canaries,
    echoOf: (orgId: string) => { endpoint: Endpoint; answer: Answer } | undefined,
  ): Promise<EchoGateway> {
    const server = createServer();
    const gateway = new EchoGateway(await listen(server));
    const orgOfToken = new Map<string, string>();
    server.on("request", async (request, response) => {
      const body = await bodyOf(request);
      const token = String(request.headers["apim-accesstoken"]);
      const isToken = request.url?.includes("/token/") ?? false;
      // An access key begins with its organisation's id.
      const appKey = isToken ? (JSON.parse(body).appKey as string) : "";
      const orgId = isToken ? (appKey.split(".")[0] as string) : (orgOfToken.get(token) ?? "");
      if (isToken) canaries.add("digest", JSON.parse(body).encryption);
      else canaries.add("signature", String(request.headers["apim-signature"]));
      const echo = echoOf(orgId);
      if (echo?.endpoint === (isToken ? "token" : "status")) {
        gateway.echoed.set(orgId, (gateway.echoed.get(orgId) ?? 0) + 1);
        echo.answer(response, `${request.rawHeaders.join(" ")} ${request.url} ${body}`);
      } else if (isToken) {
        const accessToken = canaries.hatch("token");
        orgOfToken.set(accessToken, orgId);
        json(200, () => ({ status: 0, data: { accessToken, expire: 7200 } }))(response, "");
      } else {
        json(200, () => ({ code: 0, data: { taskId: "t1", progressCode: 3 } }))(response, "");
      }
    });
    return gateway;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}
