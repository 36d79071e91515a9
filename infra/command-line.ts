import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<Known extends Options> = ReturnType<typeof parseArgs<{ options: Known }>>["values"];

/**
 * The options of the command line. `--help` prints the usage and exits; an invalid option prints one line and exits with
 * 2.
 */
export function commandLine<const Known extends Options>(usage: string, options: Known): Values<Known> {
  try {
    const all = { ...options, help: { type: "boolean", short: "h" } } as const;
    const { help, ...values } = parseArgs({ options: all }).values as { help?: boolean };
    if (!help) return values as Values<Known>;
  } catch (error) {
    // Its second sentence is about values that start with a dash, which no option here accepts.
    refuse((error as Error).message.split(". ")[0] as string);
  }
  console.log(usage);
  process.exit(0);
}

/** Exits because of an invalid option. */
export function refuse(problem: string): never {
  console.error(`${problem} (see --help)`);
  process.exit(2);
}

/** The message of an error, on one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\s+/g, " ").trim();
}
