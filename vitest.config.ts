import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Several start the whole service, on the ports that the documents name.
    fileParallelism: false,
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/every-event.ts"],
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
});
