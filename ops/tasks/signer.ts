import { isLocal, UsageError } from "./arguments.ts";
import { regionOf, type Sign, sigV4 } from "./sigv4.ts";

/**
 * What proves to an API who calls: a JWT where there is one, else the AWS credentials at hand. A service on this
 * machine wants neither.
 *
 * @param region the API's, where its address does not say
 * @throws {UsageError} when nothing says it
 */
export function signerOf(
  api: URL,
  { jwt, region }: { jwt: string | undefined; region: string | undefined },
): Sign {
  if (jwt !== undefined)
    return async (_method, _url, headers) => ({ ...headers, authorization: `Bearer ${jwt}` });
  if (isLocal(api)) return async (_method, _url, headers) => headers;
  const where = regionOf(api) ?? region;
  if (where === undefined) throw new UsageError("--region is missing: the API's address does not say it");
  return sigV4(where);
}
