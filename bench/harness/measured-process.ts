import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** An event on its way to the process. */
export interface Invocation {
  event: unknown;
  timeoutMs: number;
}

/** What an invocation gave and took, measured inside the process. */
export interface Measured<Value> {
  value: Value;
  wallMs: number;
  /** User and system, of all threads. */
  cpuMs: number;
  /** The most memory that the process ever had. */
  maxRssBytes: number;
}

/** What the process answers. */
export type Reply = { ok: true; result: Measured<unknown> } | { ok: false; message: string };

/** A module with a `handler` in a process of its own, ours or a peer's: both are measured in the same way. */
export class MeasuredProcess implements AsyncDisposable {
  /** How long the import of the module took. */
  readonly importMs: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, importMs: number) {
    this.#child = child;
    this.importMs = importMs;
  }

  /**
   * @param module the absolute path of a module that exports `handler`
   * @param env all of its environment
   * @param execArgv options for node
   * @throws {Error} when its import fails; why is on stderr
   */
  static async start(
    module: string,
    env: Record<string, string>,
    execArgv: string[] = [],
  ): Promise<MeasuredProcess> {
    const runtime = fileURLToPath(new URL("./measured-runtime.ts", import.meta.url));
    // What functions print is for CloudWatch.
    const stdio = ["ignore", "ignore", "inherit", "ipc"] as const;
    const child = fork(runtime, [module], { env, execArgv, stdio: [...stdio] });
    const { importMs } = await messageOf<{ importMs: number }>(child);
    return new MeasuredProcess(child, importMs);
  }

  /** @throws {Error} when the handler throws */
  async invoke<Value>(event: unknown, timeoutMs = 900_000): Promise<Measured<Value>> {
    this.#child.send({ event, timeoutMs } satisfies Invocation);
    const reply = await messageOf<Reply>(this.#child);
    if (!reply.ok) throw new Error(reply.message);
    return reply.result as Measured<Value>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}

async function messageOf<Message>(child: ChildProcess): Promise<Message> {
  const ended = new AbortController();
  const onExit = () => ended.abort(new Error("the process ended"));
  child.once("exit", onExit);
  try {
    const [message] = await once(child, "message", { signal: ended.signal });
    return message as Message;
  } finally {
    child.off("exit", onExit);
  }
}
