/**
 * A name and a value, plain or in quotes: only forms that all readers of such files understand in the same way. Values
 * are literal: `$` and commas have no meaning.
 */
const LINE = /^([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?:"([^"\\]*)"|'([^']*)'|([^"'`#\\]*?))[ \t]*$/;

/**
 * The settings in a file of `NAME=value` lines, empty lines, and comments on lines of their own.
 *
 * @param file its name, for the messages
 * @param known the names of settings
 * @throws {Error} with the line that is invalid, or names an unknown setting or one that is already set
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
    if (name === "STAGE") throw new Error(`${place}: STAGE is set by the name of the file`);
    if (!known.includes(name)) throw new Error(`${place}: there is no setting ${name}`);
    if (settings.has(name)) throw new Error(`${place}: ${name} is set twice`);
    const value = values.find((each) => each !== undefined) ?? "";
    if (/\p{Cc}/u.test(value)) throw new Error(`${place}: ${name} has a control character`);
    settings.set(name, value);
  }
  return settings;
}
