/** `npm run tasks`: looks up, awaits, tracks and lists tasks. */
import { refuse, UsageError } from "../../infra/program/command-line.ts";
import { awsTrouble } from "../aws-trouble.ts";
import { Api } from "./api.ts";
import { HELP, parseCommand } from "./arguments.ts";
import { EXIT, exitOfError } from "./exit.ts";
import { Progress } from "./progress.ts";
import { run } from "./run.ts";
import { signerOf } from "./signer.ts";

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2), process.env);
  if (!command) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const exit = await run(command, {
    api: new Api(command.api, signerOf(command.api, command)),
    print: console.log,
    complain: console.error,
    progress: (total) => new Progress(process.stderr, total),
    stop: stop.signal,
  });
  return stop.signal.aborted ? 130 : exit;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) refuse(error.message);
  console.error(awsTrouble(error));
  process.exitCode = exitOfError(error);
}
