import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { useOwnTemporaryFolder } from "./local/harness/temporary-folder.ts";
import { REMEMBERED } from "./local/remembered.ts";

Object.assign(process.env, REMEMBERED);
useOwnTemporaryFolder();

/** They take from twenty seconds to two minutes: begun last, they would be waited for alone. */
const SLOW = [
  "test/ops/deploy.test.ts",
  "test/worlds/worlds.test.ts",
  "test/chaos/upstream/upstream.test.ts",
  "test/sweep/sweep.test.ts",
  "test/e2e/programs.test.ts",
  "test/docs/commands.test.ts",
  "test/infra/variants.test.ts",
  "test/worlds/neighbours.test.ts",
  "test/ops/stage-commands.test.ts",
  "test/infra/alarms.test.ts",
  "test/bench/simulation.test.ts",
  "test/chaos/overlap.test.ts",
  "test/chaos/crowd.test.ts",
  "test/chaos/crashes.test.ts",
  "test/ops/tasks.test.ts",
  "test/ops/redrive.test.ts",
];

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = SLOW.findIndex((file) => moduleId.endsWith(file));
      return index < 0 ? SLOW.length : index;
    };
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** Each file in a process of its own, since they change its state. */
const ALONE = ["test/*.test.ts", "test/{chaos,e2e,ops,worlds}/**/*.test.ts"];
/** The others share processes: one for each file costs as much time as they do. */
const ALL = ["test/**/*.test.ts"];

export default defineConfig({
  test: {
    setupFiles: ["test/support/every-event.ts"],
    // Most of the time a test waits, for a process or for a time that has to pass.
    maxWorkers: 3,
    testTimeout: 180_000,
    hookTimeout: 240_000,
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "shared",
          include: ALL,
          exclude: ALONE,
          isolate: false,
          restoreMocks: true,
          unstubEnvs: true,
        },
      },
      { extends: true, test: { name: "alone", include: ALONE } },
    ],
  },
});
