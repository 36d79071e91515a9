import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** How many connections may wait to be accepted. If none is accepted, the shortest queue is full at once. */
const BACKLOG = { usual: 511, stalled: 1 };
/** Connections that fill the shortest queue. */
const FILLERS = 6;

/** A proxy in front of a gateway, which can go down and come back at the same address. */
export class Gateway implements AsyncDisposable {
  readonly #target: string;
  #child: ChildProcess;
  #port: number;
  #fillers: Socket[] = [];

  private constructor(target: string, child: ChildProcess, port: number) {
    this.#target = target;
    this.#child = child;
    this.#port = port;
  }

  /** @param url the gateway's */
  static async start(url: string): Promise<Gateway> {
    const target = new URL(url).port;
    const { child, port } = await listen(0, target, BACKLOG.usual);
    return new Gateway(target, child, port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Stops listening: connections break, and new ones are refused. */
  async goDown(): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    this.#fillers = [];
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  /** Listens, but with a full queue: new connections get no answer. */
  async stall(): Promise<void> {
    await this.#restart(BACKLOG.stalled);
    this.#child.kill("SIGSTOP");
    await sleep(50);
    this.#fillers = Array.from({ length: FILLERS }, () =>
      connect(this.#port, "127.0.0.1").on("error", () => {}),
    );
    await sleep(50);
  }

  /** Restarts at the same address. */
  comeBack(): Promise<void> {
    return this.#restart(BACKLOG.usual);
  }

  async #restart(backlog: number): Promise<void> {
    await this.goDown();
    const { child, port } = await listen(this.#port, this.#target, backlog);
    this.#child = child;
    this.#port = port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goDown();
  }
}

async function listen(
  port: number,
  target: string,
  backlog: number,
): Promise<{ child: ChildProcess; port: number }> {
  const program = fileURLToPath(new URL("./forwarder.ts", import.meta.url));
  const child = spawn(process.execPath, [program, String(port), target, String(backlog)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout, "data");
  return { child, port: Number(String(line)) };
}
