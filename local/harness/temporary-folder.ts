import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Keeps the temporary files of this process and its children in a folder that is removed when this process exits. */
export function useOwnTemporaryFolder(): void {
  const folder = mkdtempSync(join(tmpdir(), "enos-download-status-"));
  process.env.TMPDIR = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
}
