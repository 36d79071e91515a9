import type { BuildOptions } from "esbuild";

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
  define: {
    // What undici's own build for Node defines, to be without its second HTTP parser.
    esbuildDetection: "1",
    // The SDK asks whether it is there, and only then does Node load it; here every stream is one of Node's.
    ReadableStream: "undefined",
  },
  minify: true,
  // Short lines, so that a stack trace's line number says something without a source map to load.
  lineLimit: 160,
  legalComments: "none",
} satisfies BuildOptions;
