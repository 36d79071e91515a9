import { UsageError } from "../../infra/program/command-line.ts";
import { isLocal } from "./arguments.ts";
import { regionOf, type Sign, sigV4 } from "./sigv4.ts";

/**
 * Authenticates requests with a JWT if there is one, otherwise with the AWS credentials at hand. A service on this
 * machine needs neither.
 *
 * @param region the API's, if its address does not contain it
 * @throws {UsageError} if the region is unknown
 */
export function signerOf(
  api: URL,
  { jwt, region }: { jwt: string | undefined; region: string | undefined },
): Sign {
  if (jwt !== undefined)
    return async (_method, _url, headers) => ({ ...headers, authorization: `Bearer ${jwt}` });
  if (isLocal(api)) return async (_method, _url, headers) => headers;
  const where = regionOf(api) ?? region;
  if (where === undefined) throw new UsageError("--region is missing: the API's address does not contain it");
  return sigV4(where);
}
