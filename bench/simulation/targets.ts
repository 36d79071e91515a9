import { median } from "../harness/statistics.ts";
import type { Run } from "./run.ts";

const MOST_CHECKS = 0.35;
const MOST_DELAY = 0.3;

/** A target, what was measured against it, and whether it is met. */
export interface Target {
  target: string;
  measured: string;
  met: boolean;
}

/** The runs of one distribution, by the same seeds in the same order. */
export interface Compared {
  ours: Run[];
  minute: Run[];
  peers: { name: string; runs: Run[] }[];
}

/** Holds one distribution's runs against the targets. Ratios count by their median, "never" by every run. */
export function targets({ ours, minute, peers }: Compared): Target[] {
  const ratio = median(ours.map((run, seed) => run.checks / (minute[seed] as Run).checks));
  const p95 = median(ours.map(({ delayP95 }) => delayP95));
  const excess = Math.max(...ours.map((run) => run.excess));
  const better = peers.filter(({ runs }) => runs.some((peer, seed) => beats(peer, ours[seed] as Run)));
  return [
    {
      target: `checks at most ${MOST_CHECKS} of fixed 60 s's`,
      measured: ratio.toFixed(3),
      met: ratio <= MOST_CHECKS,
    },
    {
      target: `95th percentile of delay over run time at most ${MOST_DELAY * 100} %`,
      measured: `${(p95 * 100).toFixed(1)} %`,
      met: p95 <= MOST_DELAY,
    },
    {
      target: "delay never above the schedule's bound",
      measured: `${Math.abs(excess / 1000).toFixed(1)} s ${excess > 0 ? "above" : "below"} it at the closest`,
      met: excess <= 0,
    },
    {
      target: "no peer better in both checks and that percentile, in any run",
      measured: better.length === 0 ? "none" : better.map(({ name }) => name).join(", "),
      met: better.length === 0,
    },
  ];
}

function beats(peer: Run, own: Run): boolean {
  return peer.checks < own.checks && peer.delayP95 < own.delayP95;
}
