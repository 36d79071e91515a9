import type { WriteStream } from "node:tty";

/** A progress line on a terminal; nothing if the stream is not a terminal. */
export class Progress implements Disposable {
  readonly #stream: Pick<WriteStream, "isTTY" | "write" | "columns">;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #since = Date.now();
  readonly #total: number;
  #ended = 0;

  constructor(stream: Pick<WriteStream, "isTTY" | "write" | "columns">, total: number) {
    this.#stream = stream;
    this.#total = total;
    if (!stream.isTTY) return;
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), 1_000);
  }

  /** One more task is done. */
  done(): void {
    this.#ended++;
    this.#clear();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #draw(): void {
    const seconds = Math.round((Date.now() - this.#since) / 1000);
    const line = `waiting for ${this.#total - this.#ended} of ${this.#total}, ${seconds} s`;
    this.#stream.write(`\r\u001b[K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  #clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[K");
  }
}
