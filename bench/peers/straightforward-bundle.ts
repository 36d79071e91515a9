import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { FunctionName } from "../../lib/settings.ts";

/** Whole packages in place of the parts that the functions import. */
const ENTRIES: Record<string, string> = {
  "undici/lib/dispatcher/agent.js": 'export { Agent as default } from "undici";',
  // `zod/mini` is small because zod's methods are functions there.
  "zod/mini": 'export * from "zod"; export { extend, maximum, minimum } from "zod/mini";',
};

const packageEntries: Plugin = {
  name: "package-entries",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ path, namespace }) =>
      namespace !== "entry" && path in ENTRIES ? { path, namespace: "entry" } : undefined,
    );
    onLoad({ filter: /./, namespace: "entry" }, ({ path }) => ({
      contents: ENTRIES[path] as string,
      resolveDir: fileURLToPath(new URL("../..", import.meta.url)),
    }));
  },
};

/**
 * The same function bundled in the straightforward way: with esbuild's defaults for Node, and packages by their
 * entry points.
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
