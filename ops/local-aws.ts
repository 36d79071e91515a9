import { isLoopback } from "../lib/enos/gateway.ts";

/** The local AWS of `npm start`, if the lines that it prints were pasted into this shell. */
export function localAws(env: NodeJS.ProcessEnv): URL | undefined {
  const url = URL.parse(env.AWS_ENDPOINT_URL ?? "");
  return url && isLoopback(url.hostname) ? url : undefined;
}
