import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { SignatureV4 } from "@smithy/signature-v4";

/** Signs a request, and returns its headers. */
export type Sign = (
  method: string,
  url: URL,
  headers: Record<string, string>,
  body?: string,
) => Promise<Record<string, string>>;

/** Node's SHA-256 with the signer's interface. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as string);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(data as string);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {}
}

/**
 * Signs with the AWS credentials at hand: from the environment, a profile, a container or an instance.
 *
 * @param region the API's
 * @param credentials replace those at hand
 */
export function sigV4(
  region: string,
  credentials: ConstructorParameters<typeof SignatureV4>[0]["credentials"] = defaultProvider(),
): Sign {
  const signer = new SignatureV4({ service: "execute-api", region, credentials, sha256: Sha256 });
  return async (method, url, headers, body) => {
    const signed = await signer.sign({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port && { port: Number(url.port) }),
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { host: url.host, ...headers },
      ...(body !== undefined && { body }),
    });
    const { host, ...sent } = signed.headers;
    return sent;
  };
}

/** The region in the host of an API's address; undefined for a custom domain. */
export function regionOf(url: URL): string | undefined {
  return /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$/.exec(url.hostname)?.[1];
}
