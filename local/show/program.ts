import { oneLine } from "../../infra/command-line.ts";

/**
 * Runs a program until it ends or somebody ends it: Ctrl-C, SIGTERM, a terminal that is closed. The exit code is
 * what `main` returns, or 1 with a message when it throws.
 *
 * @param main must end, and have everything ended that it started, soon after the signal aborts
 * @param codeWhenStopped the exit code when somebody ended it, however `main` took that
 */
export async function runProgram(
  main: (signal: AbortSignal) => Promise<number>,
  codeWhenStopped: number,
): Promise<never> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Only the first: a second one ends this process at once, and so, by the leash, what it started.
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
