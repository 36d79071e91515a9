import type { BuildOptions } from "esbuild";

/**
 * How a function is bundled: into one file, including the AWS SDK. The runtime has an SDK, but not the version that was
 * tested, and one tree-shaken file loads faster than many. The other options shorten cold starts, which `npm run bench`
 * measures.
 */
export const esbuildOptions = {
  bundle: true,
  platform: "node",
  target: "node24",
  // Importing a module of Node as an ES module evaluates all of its exports: `node:http` would load all of fetch.
  format: "cjs",
  supported: { "dynamic-import": false },
  // ES modules can be tree-shaken, CommonJS modules cannot.
  mainFields: ["module", "main"],
  define: {
    // As in undici's own build for Node: leaves out its second HTTP parser.
    esbuildDetection: "1",
    // The SDK's check for it would make Node load it; all streams here are Node's own.
    ReadableStream: "undefined",
  },
  minify: true,
  // Short lines, so that line numbers in stack traces are useful without a source map.
  lineLimit: 160,
  legalComments: "none",
} satisfies BuildOptions;
