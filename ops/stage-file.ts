/**
 * A name, and a value with nothing around it, or in quotes: what every reader of such files takes for the same. The
 * value is what stands there: `$` and commas mean nothing here.
 */
const LINE = /^([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?:"([^"\\]*)"|'([^']*)'|([^"'`#\\]*?))[ \t]*$/;

/**
 * The settings in a file of `NAME=value` lines, empty lines, and comments on lines of their own.
 *
 * @param file its name, for the messages
 * @param known the names of settings
 * @throws {Error} with the line that is none of these, or names what is no setting, or names one again
 */
export function parseStageFile(text: string, file: string, known: readonly string[]): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const place = `${file}, line ${index + 1}`;
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, name = "", ...values] = LINE.exec(line.trim()) ?? [];
    if (!name) {
      throw new Error(
        `${place} is not NAME=value: put a value with #, quotes or \\ in it into single quotes, and a comment on a line of its own`,
      );
    }
    if (name === "STAGE") throw new Error(`${place}: STAGE is the file's own name`);
    if (!known.includes(name)) throw new Error(`${place}: there is no setting ${name}`);
    if (settings.has(name)) throw new Error(`${place}: ${name} is set twice`);
    const value = values.find((each) => each !== undefined) ?? "";
    if (/\p{Cc}/u.test(value)) throw new Error(`${place}: ${name} has a control character`);
    settings.set(name, value);
  }
  return settings;
}
