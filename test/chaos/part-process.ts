import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A part of the local cloud in a process of its own. */
export interface PartProcess extends AsyncDisposable {
  readonly url: string;
}

/**
 * Starts one of local's `*-main.ts`.
 *
 * @param main from the repository's root
 * @param directory where it keeps its data
 */
export async function startPart(main: string, directory: string): Promise<PartProcess> {
  const file = fileURLToPath(new URL(`../../${main}`, import.meta.url));
  const child = spawn(process.execPath, [file, "0", directory], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), failure(child, main)]);
  return {
    url: JSON.parse(line).url,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    },
  };
}

async function failure(child: ChildProcess, main: string): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`${main} did not start (exit code ${code})`);
}
