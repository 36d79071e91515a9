import v8 from "@vitest/coverage-v8";

/**
 * Vitest's own provider, found here: Vitest would only look beside itself, and does so in its workers as soon as the
 * provider says its name.
 */
export default {
  // Not copied: Vitest loads this file anew for each call, and the session that was started is v8's.
  startCoverage: (options) => v8.startCoverage(options),
  takeCoverage: (options) => v8.takeCoverage(options),
  stopCoverage: (options) => v8.stopCoverage(options),
  async getProvider() {
    const provider = await v8.getProvider();
    const resolveOptions = provider.resolveOptions.bind(provider);
    provider.resolveOptions = () => ({
      ...resolveOptions(),
      provider: "custom",
      customProviderModule: import.meta.filename,
    });
    return provider;
  },
};
