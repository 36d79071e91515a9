import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<Known extends Options> = ReturnType<typeof parseArgs<{ options: Known }>>["values"];

/** A parsed command line. */
interface CommandLine<Known extends Options> {
  values: Values<Known> & { help?: boolean };
  positionals: string[];
}

/** An invalid command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Parses a command line, which may also have `--help`.
 *
 * @throws {UsageError} if it does not have these options
 */
export function parseCommandLine<const Known extends Options>(
  args: string[],
  options: Known,
  { allowPositionals = false } = {},
): CommandLine<Known> {
  const help = { type: "boolean", short: "h" } as const;
  try {
    return parseArgs({ args, options: { ...options, help }, allowPositionals }) as CommandLine<Known>;
  } catch (error) {
    // Its second sentence is about values that start with a dash, which no option here accepts.
    throw new UsageError((error as Error).message.split(". ")[0]);
  }
}

/**
 * The options of this process's command line. `--help` prints the usage and exits; an invalid option prints one line and
 * exits with 2.
 */
export function commandLine<const Known extends Options>(usage: string, options: Known): Values<Known> {
  try {
    const { help, ...values } = parseCommandLine(process.argv.slice(2), options).values;
    if (!help) return values as Values<Known>;
  } catch (error) {
    refuse(oneLine(error));
  }
  console.log(usage);
  process.exit(0);
}

/** Exits because the command line is invalid. */
export function refuse(problem: string): never {
  console.error(`${problem} (see --help)`);
  process.exit(2);
}

/** The message of an error, on one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\s+/g, " ").trim();
}
