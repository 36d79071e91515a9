import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { refuseCanaries } from "./canary.ts";

/** An event on its way to the process. */
export interface Invocation {
  id: number;
  event: unknown;
  timeoutMs: number;
}

/** What the process answers. */
export type InvocationResult =
  | { id: number; ok: true; value: unknown }
  | { id: number; ok: false; error: { name: string; message: string } };

/** One Lambda execution environment: a packaged function, warm after its first event. */
export class LambdaProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: InvocationResult) => void>();
  readonly #output: string[] = [];
  #nextId = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on("data", (chunk) => this.#output.push(String(chunk)));
    child.stderr?.on("data", (chunk) => this.#output.push(String(chunk)));
    child.on("message", (message) => {
      if (typeof message !== "object") return;
      const result = message as InvocationResult;
      this.#waiting.get(result.id)?.(result);
      this.#waiting.delete(result.id);
    });
    child.on("exit", (code, signal) => {
      for (const [id, settle] of this.#waiting) {
        settle({ id, ok: false, error: { name: "Killed", message: signal ?? `exit code ${code}` } });
      }
      this.#waiting.clear();
    });
  }

  /**
   * Starts a function's module (see `unpack`) with nothing in its environment but `env`.
   *
   * @throws {Error} with what it printed, when its start fails
   */
  static async start(module: string, env: Record<string, string>): Promise<LambdaProcess> {
    const runtime = fileURLToPath(new URL("./lambda-runtime.ts", import.meta.url));
    const child = fork(runtime, [module], { env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const lambda = new LambdaProcess(child);
    const failed = once(child, "exit").then(() => {
      throw new Error(`the function did not start: ${lambda.output}`);
    });
    await Promise.race([once(child, "message"), failed]);
    failed.catch(() => {});
    return lambda;
  }

  /** All that the function printed. */
  get output(): string {
    return this.#output.join("");
  }

  /** The operating system's process, for signals. */
  get process(): ChildProcess {
    return this.#child;
  }

  /**
   * Invokes the handler.
   *
   * @param timeoutMs the time that the invocation is told to have; it is not killed after it
   * @throws {Error} what the handler threw, or `Killed` when the process ended
   */
  async invoke<Result>(event: unknown, timeoutMs = 30_000): Promise<Result> {
    const id = this.#nextId++;
    const result = await new Promise<InvocationResult>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, event, timeoutMs } satisfies Invocation);
    });
    refuseCanaries(JSON.stringify(result), "an answer");
    if (result.ok) return result.value as Result;
    throw Object.assign(new Error(result.error.message), { name: result.error.name });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill();
      await once(this.#child, "exit");
    }
    refuseCanaries(this.output, "what the function printed");
  }
}
