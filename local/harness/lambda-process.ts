import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { refuseCanaries } from "./canary.ts";

/** A request to the process. */
export interface Invocation {
  id: number;
  event: unknown;
  timeoutMs: number;
}

/** The result of an invocation, and what it took, measured inside the process. */
export interface Measured<Value> {
  value: Value;
  wallMs: number;
  /** User and system time of the whole process, including anything else that ran at the same time. */
  cpuMs: number;
  /** The peak memory of the process. */
  maxRssBytes: number;
  /** The most memory that it had in use at a time, garbage not counted; undefined without Node's `--expose-gc`. */
  heldBytes: number | undefined;
}

/** What the process answers. */
export type InvocationResult =
  | { id: number; ok: true; measured: Measured<unknown> }
  | { id: number; ok: false; error: { name: string; message: string } };

/** The process ended before it answered. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";
}

/** One Lambda execution environment: a module with a `handler`, warm after its first event. */
export class LambdaProcess implements AsyncDisposable {
  /** How long the import of the module took. */
  readonly importMs: number;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<InvocationResult>>();
  readonly #output: string[];
  #nextId = 1;

  private constructor(child: ChildProcess, output: string[], importMs: number) {
    this.#child = child;
    this.#output = output;
    this.importMs = importMs;
    child.on("message", (message) => {
      const result = message as InvocationResult;
      this.#waiting.get(result.id)?.resolve(result);
      this.#waiting.delete(result.id);
    });
    child.on("exit", (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new ProcessEnded(`the process ended (${signal ?? `exit code ${code}`})`));
      }
      this.#waiting.clear();
    });
  }

  /**
   * Starts a function's module (see `unpack`) with only `env` in its environment.
   *
   * @param execArgv options for Node
   * @throws {Error} with what it printed, if it fails to start
   */
  static async start(
    module: string,
    env: Record<string, string>,
    execArgv: string[] = [],
  ): Promise<LambdaProcess> {
    const runtime = fileURLToPath(new URL("./lambda-runtime.ts", import.meta.url));
    const child = fork(runtime, [module], { env, execArgv, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => output.push(String(chunk)));
    }
    const failed = once(child, "exit").then(() => {
      throw new Error(`the function did not start: ${output.join("")}`);
    });
    failed.catch(() => {});
    const [{ importMs }] = await Promise.race([once(child, "message"), failed]);
    return new LambdaProcess(child, output, importMs);
  }

  /** Everything that the function has printed. */
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
   * @param timeoutMs the remaining time that the invocation is told; it is not killed after it
   * @throws {ProcessEnded} if the process ends before it answers
   * @throws {Error} with the name and message of what the handler threw
   */
  async invoke<Value>(event: unknown, timeoutMs = 30_000): Promise<Value> {
    return (await this.measure<Value>(event, timeoutMs)).value;
  }

  /** Like {@link invoke}, with measurements. */
  async measure<Value>(event: unknown, timeoutMs = 900_000): Promise<Measured<Value>> {
    const id = this.#nextId++;
    const answer = Promise.withResolvers<InvocationResult>();
    this.#waiting.set(id, answer);
    this.#child.send({ id, event, timeoutMs } satisfies Invocation);
    const result = await answer.promise;
    refuseCanaries(JSON.stringify(result), "an answer");
    if (result.ok) return result.measured as Measured<Value>;
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
