import { readPrivateCa } from "../../lib/enos/private-ca.ts";
import { parseSettings, SETTINGS } from "../../lib/settings.ts";
import { Id } from "../../lib/tasks/key.ts";

/** A real EnOS gateway, and an organisation on it. */
export interface Gateway {
  url: string;
  orgId: string;
  accessKey: string;
  secretKey: string;
  /** Settings for access to the gateway, if any. */
  settings?: Record<string, string>;
}

const NAMES = ["ENOS_API_BASE_URL", "ENOS_ORG_ID", "ENOS_ACCESS_KEY", "ENOS_SECRET_KEY"] as const;

const REACHED = ["ENOS_HTTP_HOSTS", "ENOS_CA_FILE"] as const;

/**
 * The real gateway from the environment; undefined, for the simulator, if none is set.
 *
 * @throws {Error} that names the missing or invalid variable
 */
export function gatewayIn(env: NodeJS.ProcessEnv): Gateway | undefined {
  const missing = NAMES.filter((name) => !env[name]);
  if (missing.length === NAMES.length) return undefined;
  if (missing.length > 0) {
    const given = NAMES.filter((name) => env[name]);
    const are = (names: string[]) => `${names.join(", ")} ${names.length === 1 ? "is" : "are"}`;
    throw new Error(
      `${are(missing)} missing, though ${are(given)} set: set all four for a real EnOS, none for the simulator`,
    );
  }
  const { ENOS_API_BASE_URL } = parseSettings(env, {
    ENOS_API_BASE_URL: SETTINGS.ENOS_API_BASE_URL,
    ENOS_HTTP_HOSTS: SETTINGS.ENOS_HTTP_HOSTS,
  });
  if (env.ENOS_CA_FILE) readPrivateCa(env.ENOS_CA_FILE);
  const orgId = Id.safeParse(env.ENOS_ORG_ID).data;
  if (orgId === undefined) throw new Error("ENOS_ORG_ID may have letters, digits, _ and - only, 128 at most");
  return {
    url: ENOS_API_BASE_URL,
    orgId,
    accessKey: env.ENOS_ACCESS_KEY as string,
    secretKey: env.ENOS_SECRET_KEY as string,
    settings: Object.fromEntries(REACHED.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
  };
}
