import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { FunctionName } from "../../lib/settings.ts";
import { packagedService } from "../package.ts";

// At import, so that only those who need it wait, and the time does not count towards a test's timeout.
const folder = await packagedService();

/**
 * Unzips the artefact of a function, as Lambda does.
 *
 * @returns the path of the module that exports `handler`
 */
export function unpack(name: FunctionName): string {
  const directory = mkdtempSync(join(tmpdir(), `enos-${name}-`));
  const zip = readFileSync(join(folder, `${name}.zip`));
  for (const [path, content] of Object.entries(unzipSync(zip))) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return join(directory, "functions", `${name}.cjs`);
}
