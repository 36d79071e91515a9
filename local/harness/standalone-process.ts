import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const REPOSITORY = new URL("../../", import.meta.url);

/** An emulator in a separate process. */
export interface StandaloneProcess extends AsyncDisposable {
  readonly url: string;
  /** Stops it, and resolves with its exit code. */
  close(): Promise<number | null>;
}

/**
 * Starts one of `local/`'s `…main.ts`, which prints `{"url":"…"}` once it listens.
 *
 * @param main its path within the repository
 * @param directory where it keeps its data; in memory if omitted
 * @throws {Error} if it ends before it listens; the reason is on stderr
 */
export async function startStandalone(main: string, directory?: string): Promise<StandaloneProcess> {
  const args = [fileURLToPath(new URL(main, REPOSITORY)), "0", ...(directory ? [directory] : [])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit") as Promise<[number | null]>;
  const failed = exit.then(([code]) => {
    throw new Error(`${main} did not start (exit code ${code})`);
  });
  failed.catch(() => {});
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), failed]);
  const close = async () => {
    child.kill();
    const [code] = await exit;
    return code;
  };
  return {
    url: JSON.parse(line).url,
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  };
}
