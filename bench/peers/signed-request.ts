import { createHash } from "node:crypto";
import { type Dispatcher, request } from "undici";

const { ENOS_API_BASE_URL = "" } = process.env;

/** The organisation and task of a peer's request. */
export interface Application {
  orgId: string;
  accessKey: string;
  secretKey: string;
}

/** An access token, as in the vendor's documentation. */
export async function fetchToken({ accessKey, secretKey }: Application): Promise<string> {
  const timestamp = Date.now();
  const { body } = await request(`${ENOS_API_BASE_URL}/apim-token-service/v2.0/token/get`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      appKey: accessKey,
      encryption: sha256(accessKey + timestamp + secretKey),
      timestamp,
    }),
  });
  const { data } = (await body.json()) as { data: { accessToken: string } };
  return data.accessToken;
}

/**
 * A status by a bare signed request: `undici.request`, and the body as JSON. Nothing is retried, validated or
 * renewed.
 *
 * @throws {Error} when EnOS does not answer with a success
 */
export async function bareStatus(
  { orgId, secretKey }: Application,
  token: string,
  channelId: string,
  taskId: string,
  dispatcher: Dispatcher,
): Promise<unknown> {
  const timestamp = Date.now();
  const path = `/data-federation/v2.0/channels/read/${channelId}/download/${taskId}/status`;
  const { body } = await request(`${ENOS_API_BASE_URL}${path}?orgId=${orgId}`, {
    headers: {
      "apim-accesstoken": token,
      "apim-timestamp": String(timestamp),
      "apim-signature": sha256(`${token}orgId${orgId}${timestamp}${secretKey}`),
    },
    dispatcher,
  });
  const answer = (await body.json()) as { code: number; data: unknown };
  if (answer.code !== 0) throw new Error(`EnOS answered ${answer.code}`);
  return answer.data;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
