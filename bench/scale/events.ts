import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { CPU_US, LATENCY_MS } from "./assumptions.ts";
import type { Processor } from "./processor.ts";
import { EPOCH } from "./virtual-time.ts";
import type { World } from "./world.ts";

/** The topic as one sweep sees it; notes how long after a task's end its event came. */
export function simulatedEvents(world: World, processor: Processor): SweepDependencies["events"] {
  const { population, schedule, time, usage, delays } = world;
  const { trackedAt, endsAt, isAnnounced } = population;
  return {
    async publish({ subject }) {
      const slot = Number(subject);
      const seen = time.now;
      await processor.spend(CPU_US.event);
      await time.after(LATENCY_MS.event);
      usage.events.add(1, time.now);
      if (isAnnounced[slot]) return;
      isAnnounced[slot] = 1;
      const end = endsAt[slot] as number;
      const ran = end - (trackedAt[slot] as number);
      delays.add(seen, seen - EPOCH - end, ran, schedule.bound(ran));
    },
  };
}
