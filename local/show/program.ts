import { oneLine } from "../../infra/program/command-line.ts";

/**
 * Runs a program until it ends or is stopped: by Ctrl-C, SIGTERM, or closing the terminal. The exit code is what `main`
 * returns, or 1 with a message if it throws.
 *
 * @param main must stop everything it has started, and return, soon after the signal aborts
 * @param codeWhenStopped the exit code if it is stopped, whatever `main` returns
 */
export async function runProgram(
  main: (signal: AbortSignal) => Promise<number>,
  codeWhenStopped: number,
): Promise<never> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Only the first signal: a second one ends this process at once, and so everything that it started.
    process.once(name, () => {
      console.log("\nending …");
      stop.abort(new Error(`ended by ${name}`));
    });
  }
  let code: number;
  try {
    code = await main(stop.signal);
  } catch (error) {
    code = 1;
    if (!stop.signal.aborted) console.error(oneLine(error));
  }
  process.exit(stop.signal.aborted ? codeWhenStopped : code);
}
