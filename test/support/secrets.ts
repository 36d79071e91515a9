import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type SecretsManager, startSecretsManager } from "../../local/secrets-manager/secrets-manager.ts";

/** A local Secrets Manager, and a client of it that does not retry. */
export async function startSecrets(): Promise<{ manager: SecretsManager; client: SecretsManagerClient }> {
  const manager = await startSecretsManager();
  const client = new SecretsManagerClient({
    region: "eu-central-1",
    endpoint: manager.url,
    maxAttempts: 1,
    credentials: { accessKeyId: "x", secretAccessKey: "x" },
  });
  return { manager, client };
}
