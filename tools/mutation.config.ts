import { defineConfig } from "vitest/config";

/** `npm run mutate`: the tests of the pure files, which run once for every mutant. Others start processes or a cloud. */
export default defineConfig({
  test: {
    include: [
      "test/{events,http}/*.test.ts",
      "test/enos/{answer,retry,signature,status,wait}.test.ts",
      "test/store/{checkpoint,coverage,index-key}.test.ts",
      "test/sweep/!(sweep).test.ts",
      "test/tasks/!(state).test.ts",
      "test/time/*.test.ts",
      "test/settings.test.ts",
    ],
    testTimeout: 60_000,
  },
});
