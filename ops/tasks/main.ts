/** `npm run tasks`: asks for tasks, waits for them, tracks them and lists what is tracked. */
import { Api } from "./api.ts";
import { type Command, HELP, isLocal, parseCommand, UsageError } from "./arguments.ts";
import { EXIT, exitOfError } from "./exit.ts";
import { Progress } from "./progress.ts";
import { run } from "./run.ts";
import { regionOf, type Sign, sigV4 } from "./sigv4.ts";

function signerOf({ api, jwt, region }: Command): Sign {
  if (jwt !== undefined)
    return async (_method, _url, headers) => ({ ...headers, authorization: `Bearer ${jwt}` });
  if (isLocal(api)) return async (_method, _url, headers) => headers;
  const where = regionOf(api) ?? region;
  if (where === undefined) throw new UsageError("--region is missing: the API's address does not say it");
  return sigV4(where);
}

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2), process.env);
  if (!command) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const output = {
    print: (line: string) => console.log(line),
    complain: (line: string) => console.error(line),
  };
  const api = new Api(command.api, signerOf(command));
  const exit = await run(command, api, output, (total) => new Progress(process.stderr, total), stop.signal);
  return stop.signal.aborted ? 130 : exit;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(
    error instanceof UsageError ? `${error.message} (--help says what there is)` : (error as Error).message,
  );
  process.exitCode = error instanceof UsageError ? EXIT.usage : exitOfError(error);
}
