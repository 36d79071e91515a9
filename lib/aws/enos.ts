import { EnosClient } from "../enos/client.ts";
import { createLookup, elsewhere } from "../enos/dns.ts";
import type { GatewayRule } from "../enos/gateway.ts";
import { readPrivateCa } from "../enos/private-ca.ts";
import { Transport } from "../enos/transport.ts";
import { SecretsManagerCredentials } from "./credentials.ts";

/** The settings of a function that calls EnOS. */
export interface EnosSettings {
  ENOS_API_BASE_URL: string;
  ENOS_SECRET_PREFIX: string;
  ENOS_HTTP_HOSTS: string[] | undefined;
  ENOS_CA_FILE: string | undefined;
}

/**
 * A function's EnOS client, with credentials from Secrets Manager.
 *
 * @throws {Error} that names `ENOS_CA_FILE`, when that is not valid
 */
export function connectEnos(settings: EnosSettings, { isDeployed }: Pick<GatewayRule, "isDeployed">) {
  const { ENOS_API_BASE_URL: defaultBaseUrl, ENOS_SECRET_PREFIX: prefix } = settings;
  const gateways = { httpHosts: settings.ENOS_HTTP_HOSTS ?? [], isDeployed };
  const credentials = new SecretsManagerCredentials({ prefix, defaultBaseUrl, gateways });
  const lookup = createLookup();
  const transport = new Transport({
    lookup: isDeployed ? elsewhere(lookup) : lookup,
    privateCa: settings.ENOS_CA_FILE && readPrivateCa(settings.ENOS_CA_FILE),
  });
  return { credentials, enos: new EnosClient({ credentials, transport }) };
}
