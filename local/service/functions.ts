import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bundleFunctions } from "../../infra/bundle/bundle.ts";
import { REMEMBERED } from "../remembered.ts";
import { type Trouble, troubleIn } from "./output.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = join(REPOSITORY, "node_modules/serverless/bin/serverless.js");
const LEASH = new URL("./leash.ts", import.meta.url).href;

/** The only variables that serverless-offline inherits: the user's settings would change what runs. */
const INHERITED = ["PATH", "HOME", "LANG"];
const START_LIMIT_MS = 60_000;
/** How long it may take to exit by itself. */
const GRACE_MS = 3_000;

/** Options of the functions. */
export interface FunctionsOptions {
  /** The functions' settings and the AWS endpoints. */
  env: Record<string, string>;
  ports: { http: number; lambda: number };
  /** Called with errors and warnings. */
  onTrouble: (trouble: Trouble) => void;
  /** Aborts the start. */
  signal?: AbortSignal | undefined;
}

/** The functions, behind the HTTP API and with the schedule of serverless-offline, in a process of its own. */
export class Functions implements AsyncDisposable {
  /** The HTTP API. */
  readonly url: string;
  /** Lambda's own API, to invoke a function by its name. */
  readonly lambdaUrl: string;
  /** Rejects if serverless-offline ends unexpectedly. */
  readonly died: Promise<never>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #folder: string;
  #closing = false;

  private constructor({ ports, env, onTrouble }: FunctionsOptions, folder: string) {
    this.url = `http://127.0.0.1:${ports.http}`;
    this.lambdaUrl = `http://127.0.0.1:${ports.lambda}`;
    this.#folder = folder;
    const inherited = INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []));
    this.#child = spawn(process.execPath, ["--import", LEASH, PROGRAM, "offline", "--noAuth"], {
      cwd: REPOSITORY,
      // A separate process group: Ctrl-C in a terminal reaches only this process, which then stops everything in order.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...Object.fromEntries(inherited),
        ...REMEMBERED,
        ...env,
        TMPDIR: folder,
        HTTP_PORT: String(ports.http),
        LAMBDA_PORT: String(ports.lambda),
        BUNDLES: relative(REPOSITORY, folder),
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface(stream).on("line", (line) => this.#read(line, onTrouble));
    }
    const ended = new Promise<string>((resolve) => {
      this.#child.on("error", (error) => resolve(error.message));
      this.#child.on("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.#exited = ended.then(() => {});
    this.died = ended.then((how) => {
      if (this.#closing) return new Promise<never>(() => {});
      throw new Error(`serverless-offline has ended (${how})`);
    });
    this.died.catch(() => {});
  }

  /**
   * Starts the functions and waits until the HTTP API listens.
   *
   * @throws {Error} if serverless-offline does not start; the reason has been passed to `onTrouble`
   */
  static async start(options: FunctionsOptions): Promise<Functions> {
    // Separate bundles: another run, or packaging, would replace or remove shared ones.
    await mkdir(join(REPOSITORY, ".tmp"), { recursive: true });
    const folder = await mkdtemp(join(REPOSITORY, ".tmp/offline-"));
    await bundleFunctions(folder);
    const functions = new Functions(options, folder);
    const limit = AbortSignal.timeout(START_LIMIT_MS);
    const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
    try {
      await Promise.race([functions.#ready.promise, functions.died, aborted(signal)]);
      return functions;
    } catch (error) {
      await functions.close();
      throw error;
    }
  }

  /** Stops the functions and waits until they have stopped. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.#kill("SIGKILL"), GRACE_MS);
    await this.#exited;
    clearTimeout(timer);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly #ready = Promise.withResolvers<void>();

  #read(line: string, onTrouble: (trouble: Trouble) => void): void {
    if (line.includes("Server ready")) this.#ready.resolve();
    const trouble = troubleIn(line);
    if (trouble && !this.#closing) onTrouble(trouble);
  }

  /** Signals the whole group, with everything that serverless-offline has started. */
  #kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has just ended.
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
