import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";
import { FUNCTIONS } from "../../lib/settings.ts";
import { esbuildOptions } from "./options.ts";
import { standIns } from "./stand-ins.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

let builds = 0;

/** Bundles every function as packaging does, to `functions/NAME.cjs` in a folder. */
export async function bundleFunctions(folder: string): Promise<void> {
  builds++;
  try {
    await build({
      ...esbuildOptions,
      plugins: [standIns],
      absWorkingDir: REPOSITORY,
      entryPoints: FUNCTIONS.map((name) => `functions/${name}.ts`),
      outbase: ".",
      outdir: folder,
      outExtension: { ".js": ".cjs" },
    });
  } finally {
    builds--;
    // esbuild is a separate process, which would otherwise keep some hundred megabytes until this one ends.
    if (builds === 0) await stop();
  }
}
