/** A running emulator. */
interface Emulator {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Runs an emulator as this process: prints one line `{"url":"…"}` once it listens, and exits with 0 on SIGTERM or
 * SIGINT. If it cannot start, the process exits with 1 and the reason on stderr.
 */
export async function runStandalone(start: () => Promise<Emulator>): Promise<void> {
  let emulator: Emulator;
  try {
    emulator = await start();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    void emulator.close().then(() => process.exit(0));
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  console.log(JSON.stringify({ url: emulator.url }));
}

/**
 * The port from the first argument; any free one without it.
 *
 * @throws {Error} if it is not a port
 */
export function portArgument(): number {
  const text = process.argv[2] ?? "0";
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`not a port: ${text}`);
  return port;
}
