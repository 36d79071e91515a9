import { sign, tokenEncryption } from "../../lib/enos/signature.ts";
import type { Gateway } from "./gateway.ts";

/** An application that exports data with EnOS: it creates and cancels downloads. */
export class Application {
  readonly #gateway: Gateway;
  readonly #token: string;

  private constructor(gateway: Gateway, token: string) {
    this.#gateway = gateway;
    this.#token = token;
  }

  /** Signs in. */
  static async signIn(gateway: Gateway): Promise<Application> {
    const { accessKey: appKey, secretKey } = gateway;
    const timestamp = Date.now();
    const body = JSON.stringify({
      appKey,
      encryption: tokenEncryption(appKey, timestamp, secretKey),
      timestamp,
    });
    const answer = await call(`${gateway.url}/apim-token-service/v2.0/token/get`, { method: "POST", body });
    return new Application(gateway, answer.accessToken as string);
  }

  /**
   * Creates a download.
   *
   * @param callbackURL where EnOS calls back when it has ended; null for no callback
   * @returns the task's id
   */
  async download(channelId: string, taskName: string, callbackURL: string | null): Promise<string> {
    const body = JSON.stringify({
      taskName,
      sourceName: "turbines",
      querySql: "select * from measurements",
      filePackageName: taskName,
      callbackURL,
    });
    const { taskId } = await this.#call("POST", `${channelId}/download-request`, body);
    return taskId as string;
  }

  /** Cancels a download. */
  async cancel(channelId: string, taskId: string): Promise<void> {
    await this.#call("DELETE", `${channelId}/download/${taskId}`);
  }

  async #call(method: string, path: string, body?: string): Promise<Record<string, unknown>> {
    const { url, orgId, secretKey } = this.#gateway;
    const timestamp = Date.now();
    return call(`${url}/data-federation/v2.0/channels/read/${path}?orgId=${orgId}`, {
      method,
      headers: {
        "apim-accesstoken": this.#token,
        "apim-timestamp": String(timestamp),
        "apim-signature": sign(this.#token, { orgId }, timestamp, secretKey, body),
      },
      ...(body && { body }),
    });
  }
}

/** The `data` of EnOS's answer. */
async function call(url: string, init: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    ...init,
    headers: { ...init.headers, "content-type": "application/json" },
  });
  const answer = (await response.json()) as { data?: Record<string, unknown> | null; msg?: string };
  if (!answer.data) throw new Error(`EnOS refused ${init.method} ${new URL(url).pathname}: ${answer.msg}`);
  return answer.data;
}
