import { defineConfig } from "vitest/config";

/** The tests of the pure files, which run once for every mutant: `npm run mutate`. */
export default defineConfig({
  test: {
    include: ["test/{enos,events,http,store,sweep,tasks}/*.test.ts", "test/settings.test.ts"],
    exclude: [
      // They start processes or a cloud.
      "test/tasks/state.test.ts",
      "test/enos/client.test.ts",
      "test/store/task-store.test.ts",
      "test/sweep/sweep.test.ts",
    ],
  },
});
