import type { BuildOptions } from "esbuild";

/**
 * How a function is bundled: one ES module with everything in it, the AWS SDK too. The runtime brings an SDK,
 * but not the version that was tested, and loading one shaken file is faster than finding many.
 */
export const esbuildOptions = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  // An ES module can be shaken, its CommonJS twin cannot.
  mainFields: ["module", "main"],
  minify: true,
  // Short lines, so that a stack trace's line number says something without a source map to load.
  lineLimit: 160,
  legalComments: "none",
  // CommonJS packages in an ES module still call require for Node's own modules.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
} satisfies BuildOptions;
