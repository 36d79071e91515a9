import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { REMEMBERED } from "../../local/remembered.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** A program that `package.json` runs, started as npm does. */
export class Program implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  #output = "";
  readonly #listeners = new Set<() => void>();

  constructor(file: string, env: Record<string, string> = {}, ...args: string[]) {
    const { PATH = "", HOME = "" } = process.env;
    this.process = spawn(process.execPath, ["infra/program/node.cjs", file, ...args], {
      cwd: REPOSITORY,
      env: { PATH, HOME, ...REMEMBERED, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on("data", (chunk) => {
        this.#output += chunk;
        for (const listener of this.#listeners) listener();
      });
    }
    this.ended = once(this.process, "close");
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves with the match once its output matches. */
  async prints(pattern: RegExp): Promise<RegExpMatchArray> {
    const found = Promise.withResolvers<RegExpMatchArray>();
    const check = () => {
      const match = this.#output.match(pattern);
      if (match) found.resolve(match);
    };
    this.#listeners.add(check);
    check();
    const early = this.ended.then(() => {
      throw new Error(`it ended before it printed ${pattern}: ${this.#output}`);
    });
    early.catch(() => {});
    try {
      return await Promise.race([found.promise, early]);
    } finally {
      this.#listeners.delete(check);
    }
  }

  /** The ids of the processes that it has started. */
  children(): number[] {
    const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
    return table
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter(([, parent]) => parent === this.process.pid)
      .map(([pid]) => pid as number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill("SIGTERM");
    await this.ended;
  }
}
