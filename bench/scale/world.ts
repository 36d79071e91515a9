import type { Schedule } from "../../lib/tasks/schedule.ts";
import type { Delays } from "./delays.ts";
import type { Population } from "./population.ts";
import type { Usage } from "./usage.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What all sweeps of a simulation share, and what is noted of them. */
export interface World {
  population: Population;
  schedule: Schedule;
  time: VirtualTime;
  usage: Usage;
  delays: Delays;
}
