import { randomUUID } from "node:crypto";
import { fileOf } from "./downloads.ts";
import type { CallbacksInput } from "./input.ts";
import type { Task } from "./tasks.ts";
import { isEnd } from "./timeline.ts";

/** A task whose end is to be announced. */
export interface ExpectedCallback {
  readonly url: string;
  readonly taskId: string;
  /** The task as it is now; undefined once it has been removed. */
  readonly find: () => Task | undefined;
}

const SEND_EVERY_MS = 50;

/** Calls back once when a task ends, without retries, since none are documented; or as configured. */
export class Callbacks {
  /** How future callbacks are made. */
  settings: CallbacksInput = {};
  readonly #now: () => number;
  #expected: ExpectedCallback[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Callbacks that were answered with a 2xx. */
  delivered = 0;
  /** Callbacks that failed. */
  failed = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  expect(callback: ExpectedCallback): void {
    this.#expected.push(callback);
    // One timer for all of them, which runs only while there are any, so that an injected clock can be followed.
    this.#timer ??= setInterval(() => this.#sendDue(), SEND_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#expected = [];
  }

  #sendDue(): void {
    const now = this.#now();
    const { times = 1, id = "task", earlyMs = 0, lateMs = 0 } = this.settings;
    this.#expected = this.#expected.filter((callback) => {
      const task = callback.find();
      if (task === undefined) return false;
      const end = task.timeline.find(({ progressCode }) => isEnd(progressCode));
      if (!end || now < task.startedAt + end.afterMs - earlyMs + lateMs) return true;
      const { url, size } = fileOf(callback.taskId, end);
      const body = {
        id: id === "task" ? callback.taskId : randomUUID().replaceAll("-", ""),
        returnCode: end.progressCode === 3 ? "0" : "1",
        download_url: url ?? "",
        log_url: "",
        dataSize: size ?? 0,
      };
      for (let call = 0; call < times; call++) void this.#call(callback.url, JSON.stringify(body));
      return false;
    });
    if (this.#expected.length === 0) this.stop();
  }

  async #call(url: string, body: string): Promise<void> {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(5_000),
      });
      await response.body?.cancel();
      if (response.ok) this.delivered += 1;
      else this.failed += 1;
    } catch {
      this.failed += 1;
    }
  }
}

/** Whether this is a plain http URL on this machine: the simulator calls no other. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== "http:") return false;
  return (
    url.hostname === "localhost" || url.hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)
  );
}
