import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";

const ours = (file: string) => fileURLToPath(new URL(`./bundle/${file}`, import.meta.url));

/**
 * How a function is bundled: one file with everything in it, the AWS SDK too. The runtime brings an SDK, but not
 * the version that was tested, and loading one shaken file is faster than finding many. What is here beyond that
 * is for cold starts; `npm run bench` says what they take.
 */
export const esbuildOptions = {
  bundle: true,
  platform: "node",
  target: "node24",
  // To import a module of Node's evaluates everything that it exports: `node:http` loads all of fetch then.
  format: "cjs",
  supported: { "dynamic-import": false },
  // An ES module can be shaken, its CommonJS twin cannot.
  mainFields: ["module", "main"],
  alias: {
    "@aws-sdk/credential-provider-node": ours("credentials.ts"),
    "@smithy/core/event-streams": ours("unused.ts"),
    "node:http2": ours("unused.ts"),
  },
  // What undici's own build for Node defines, to be without its second HTTP parser.
  define: { esbuildDetection: "1" },
  minify: true,
  // Short lines, so that a stack trace's line number says something without a source map to load.
  lineLimit: 160,
  legalComments: "none",
} satisfies BuildOptions;
