import { defineConfig } from "vitest/config";

/** `npm run mutate`: the tests of one folder's pure files, which `tools/mutate.ts` names. */
export default defineConfig({
  test: {
    include: process.env.MUTATION_TESTS?.split(",") ?? [],
    setupFiles: ["tools/mutation.setup.ts"],
    // A test that is slow on a busy machine has noticed nothing. Stryker has limits of its own.
    testTimeout: 60_000,
  },
});
