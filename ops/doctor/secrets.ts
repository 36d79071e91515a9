import { paginateListSecrets, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { Id } from "../../lib/tasks/key.ts";
import type { Finding } from "../finding.ts";

/** How many organisations are listed individually. */
const MOST_NAMED = 10;

/** The organisations that have a secret, by the secrets' names: no value is read. */
export async function organisationsWithSecret(
  client: SecretsManagerClient,
  prefix: string,
): Promise<string[]> {
  const names: string[] = [];
  const pages = paginateListSecrets({ client }, { Filters: [{ Key: "name", Values: [prefix] }] });
  for await (const { SecretList = [] } of pages) names.push(...SecretList.map(({ Name = "" }) => Name));
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((orgId) => Id.safeParse(orgId).success)
    .sort();
}

/** Where the organisations' secrets are. */
export interface SecretsLocation {
  /** Of their names. */
  prefix: string;
  region: string;
}

export function describeSecrets(known: string[], location: SecretsLocation): Finding {
  if (known.length === 0) {
    const todo = `create one for each organisation: ${creation("ORG", location)}`;
    return { check: "secrets", ok: false, says: `none is named ${location.prefix}…`, todo };
  }
  const names = known.slice(0, MOST_NAMED).join(", ");
  const more = known.length - MOST_NAMED;
  return { check: "secrets", ok: true, says: `of ${names}${more > 0 ? ` and ${more} more` : ""}` };
}

export function withoutSecret(orgId: string, location: SecretsLocation): Finding {
  return { check: "gateway", ok: false, says: `${orgId} has no secret`, todo: creation(orgId, location) };
}

/** The command that creates an organisation's secret. */
export function creation(orgId: string, { prefix, region }: SecretsLocation): string {
  return `aws secretsmanager create-secret --region ${region} --name ${prefix}${orgId} --secret-string file://secret.json`;
}

/** The command that stores an organisation's current keys. */
export function replacement(orgId: string, { prefix, region }: SecretsLocation): string {
  return `aws secretsmanager put-secret-value --region ${region} --secret-id ${prefix}${orgId} --secret-string file://secret.json`;
}
