/** Replaces serverless-esbuild if the bundles exist already: it and esbuild take 400 MB of memory. */
export default class BundlesAreMade {}
