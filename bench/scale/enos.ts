import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { type Random, seeded } from "../../local/harness/random.ts";
import { CPU_US, LATENCY_MS } from "./assumptions.ts";
import type { Processor } from "./processor.ts";
import { EPOCH } from "./virtual-time.ts";
import type { World } from "./world.ts";

/** EnOS as one sweep sees it: every task runs until its end, and then it has succeeded. */
export function simulatedEnos(world: World, processor: Processor, seed: number): SweepDependencies["enos"] {
  const { population, time, usage } = world;
  const random = seeded(seed);
  return {
    async getDownloadStatus({ orgId, channelId, taskId }, { signal } = {}) {
      await time.after(between(random, LATENCY_MS.status));
      usage.checks.add(1, time.now);
      const terminal = (population.endsAt[Number(taskId)] as number) <= time.now - EPOCH;
      await processor.spend(CPU_US.check);
      signal?.throwIfAborted();
      // An end counts when it is written.
      if (!terminal) population.checkedAt[Number(taskId)] = time.now - EPOCH;
      return {
        orgId,
        channelId,
        taskId,
        terminal,
        state: terminal ? "succeeded" : "running",
        progressCode: terminal ? 3 : 1,
        progressDesc: null,
        downloadUrl: null,
        dataSize: null,
      };
    },
  };
}

function between(random: Random, { least, most }: { least: number; most: number }): number {
  return least + random() * (most - least);
}
