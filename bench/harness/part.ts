import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A part of the local cloud in a process of its own, so that its work is not counted as ours. */
export class Part implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /**
   * Starts one of `local/`'s `…main.ts`, which prints `{"url":"…"}` once it listens.
   *
   * @param file its path within the repository
   * @throws {Error} when it ends before it listens; why is on stderr
   */
  static async start(file: string): Promise<Part> {
    const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
    const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout });
    const failed = once(child, "exit").then(() => {
      throw new Error(`${file} did not start`);
    });
    const [line] = await Promise.race([once(lines, "line"), failed]);
    failed.catch(() => {});
    return new Part(JSON.parse(line).url, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill();
    await once(this.#child, "exit");
  }
}
