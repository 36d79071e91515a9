import { defineConfig } from "vitest/config";

/** These start the whole service on the ports that the documents name. */
const ALONE = ["test/docs/commands.test.ts", "test/e2e/programs.test.ts"];

export default defineConfig({
  test: {
    setupFiles: ["test/support/every-event.ts"],
    // Most of the time a test waits, for a process or for a time that has to pass.
    maxWorkers: 3,
    testTimeout: 180_000,
    hookTimeout: 240_000,
    projects: [
      {
        extends: true,
        test: { name: "all", include: ["test/**/*.test.ts"], exclude: ALONE, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: { name: "alone", include: ALONE, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
