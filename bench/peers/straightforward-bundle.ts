import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { FunctionName } from "../../test/support/artefact.ts";

/** The packages by their entry points, instead of the parts of them that are needed. */
const packageEntries: Plugin = {
  name: "package-entries",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici\/lib\/dispatcher\/agent\.js$/ }, () => ({
      path: "agent",
      namespace: "entry",
    }));
    onLoad({ filter: /^agent$/, namespace: "entry" }, () => ({
      contents: 'export { Agent as default } from "undici";',
      resolveDir: fileURLToPath(new URL("../..", import.meta.url)),
    }));
  },
};

/**
 * The same function, and so the same work, bundled without care: esbuild's own defaults for Node, and packages by
 * their entry points.
 *
 * @returns the path of the module
 */
export async function straightforwardBundle(name: FunctionName): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), `enos-plain-${name}-`)), `${name}.cjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(`../../functions/${name}.ts`, import.meta.url))],
    bundle: true,
    platform: "node",
    outfile,
    logLevel: "error",
    plugins: [packageEntries],
  });
  return outfile;
}
