import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<Known extends Options> = ReturnType<typeof parseArgs<{ options: Known }>>["values"];

/**
 * The options that a program was started with. `--help` prints its usage and ends it; so does, as one line and
 * with 2, what it does not take.
 */
export function commandLine<const Known extends Options>(usage: string, options: Known): Values<Known> {
  try {
    const all = { ...options, help: { type: "boolean", short: "h" } } as const;
    const { help, ...values } = parseArgs({ options: all }).values as { help?: boolean };
    if (!help) return values as Values<Known>;
  } catch (error) {
    // Its second sentence is about values that begin with a dash, which nothing here takes.
    refuse((error as Error).message.split(". ")[0] as string);
  }
  console.log(usage);
  process.exit(0);
}

/** Ends the program for an option that it cannot do anything with. */
export function refuse(problem: string): never {
  console.error(`${problem} (see --help)`);
  process.exit(2);
}

/** What went wrong, on one line, as people write it. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\s+/g, " ").trim();
}
