import { defineConfig } from "vitest/config";

/** `npm run coverage`: what the tests of each folder cover of it, in this process. */
export default defineConfig({
  test: {
    include: [
      "test/{aws,enos,events,http,infra,store,sweep,tasks,time}/*.test.ts",
      "test/callbacks/{hint,keyring,token}.test.ts",
      "test/{settings,telemetry}.test.ts",
    ],
    testTimeout: 60_000,
    coverage: {
      provider: "custom",
      customProviderModule: "tools/coverage-provider.js",
      include: ["lib/**/*.ts", "infra/*.ts"],
      reporter: ["text", "html"],
      reportsDirectory: "coverage",
    },
  },
});
