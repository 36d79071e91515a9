import { defineConfig } from "vitest/config";

/** `npm run mutate`: the tests of one folder's pure files, which `tools/mutate.ts` names. */
export default defineConfig({
  test: {
    include: process.env.MUTATION_TESTS?.split(",") ?? [],
    setupFiles: ["tools/mutation.setup.ts"],
  },
});
