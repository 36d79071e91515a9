/** A running emulator. */
interface Part {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Runs an emulator as this process: prints one line `{"url":"…"}` once it listens, and exits with 0 on SIGTERM or
 * SIGINT. If it cannot start, the process exits with 1 and the reason on stderr.
 */
export async function runStandalone(start: () => Promise<Part>): Promise<void> {
  let part: Part;
  try {
    part = await start();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    void part.close().then(() => process.exit(0));
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  console.log(JSON.stringify({ url: part.url }));
}

/**
 * The port from the first argument or from PORT; 0, for any free one, if there is neither.
 * @throws Error if it is not a port
 */
export function portArgument(): number {
  const text = process.argv[2] ?? process.env.PORT ?? "0";
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`not a port: ${text}`);
  return port;
}
