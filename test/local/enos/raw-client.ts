import { createHash } from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";

export interface RawAnswer {
  readonly httpStatus: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

/** Sends one request as it is, and resolves with whatever came back in full. */
export function send(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; timeoutMs?: number } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: options.method ?? "GET",
        agent: false,
        // Said here, since node:http sends a GET's body without saying how long it is.
        headers: {
          ...(options.body === undefined
            ? {}
            : { "content-length": String(Buffer.byteLength(options.body)) }),
          ...options.headers,
        },
        ...(options.timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(options.timeoutMs) }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {}
          resolve({ httpStatus: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(options.body);
  });
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A client that signs as the vendor's document says, and lets a test get any part of it wrong. */
export class RawClient {
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly now: () => number;
  #lastTimestamp = 0;

  constructor(url: string, accessKey: string, secretKey: string, now: () => number = Date.now) {
    this.url = url;
    this.accessKey = accessKey;
    this.secretKey = secretKey;
    this.now = now;
  }

  /** Never the same twice, since the token service refuses a repeat. */
  timestamp(): number {
    this.#lastTimestamp = Math.max(this.now(), this.#lastTimestamp + 1);
    return this.#lastTimestamp;
  }

  tokenBody(changes: Record<string, unknown> = {}): Record<string, unknown> {
    const timestamp = this.timestamp();
    const encryption = sha256(`${this.accessKey}${timestamp}${this.secretKey}`);
    return { appKey: this.accessKey, encryption, timestamp, ...changes };
  }

  postToken(body: unknown, verb = "get"): Promise<RawAnswer> {
    return send(`${this.url}/apim-token-service/v2.0/token/${verb}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  async token(): Promise<string> {
    const answer = await this.postToken(this.tokenBody());
    if (answer.json?.data?.accessToken === undefined) throw new Error(`no token: ${answer.text}`);
    return answer.json.data.accessToken;
  }

  headers(token: string, paramsData: string, timestamp = this.timestamp()): Record<string, string> {
    return {
      "apim-accesstoken": token,
      "apim-timestamp": String(timestamp),
      "apim-signature": sha256(`${token}${paramsData}${timestamp}${this.secretKey}`),
    };
  }

  statusUrl(channelId: string, taskId: string, orgId: string): string {
    return `${this.url}/data-federation/v2.0/channels/read/${channelId}/download/${taskId}/status?orgId=${orgId}`;
  }

  status(
    token: string,
    taskId: string,
    options: {
      channelId?: string;
      orgId?: string;
      headers?: Record<string, string>;
      timeoutMs?: number;
    } = {},
  ): Promise<RawAnswer> {
    const orgId = options.orgId ?? "o1";
    return send(this.statusUrl(options.channelId ?? "ch1", taskId, orgId), {
      headers: { ...this.headers(token, `orgId${orgId}`), ...options.headers },
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
  }
}
