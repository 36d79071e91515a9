import type { Run } from "./run.ts";

/** The target for the optimal delay relative to the service's mean delay. */
const LEAST_EFFICIENCY = 0.7;
/** The longest time between two checks of a task, in milliseconds. */
const LONGEST_INTERVAL = 300_000;
/** The target for the mean delay with callbacks relative to that without, and for the checks per task. */
const MOST_LEFT = 1 / 5;
const MOST_MORE_CHECKS = 2;
/** The 95th percentile of the delay over the run time, with rounds every ten seconds. */
const MOST_RELATIVE = 0.2;

/** A target, the measured value, and whether it is met. */
export interface Target {
  target: string;
  measured: string;
  met: boolean;
}

/** The runs of one distribution, with the same seeds in the same order. */
export interface Compared {
  ours: readonly Run[];
  withCallbacks: readonly Run[];
  /** With rounds every ten seconds, and sweeps that start as unpunctually as possible. */
  quick: readonly Run[];
  peers: readonly { name: string; runs: readonly Run[] }[];
  /** The least possible mean delay with as many checks, relative to a run's. */
  efficiency: (run: Run) => number;
}

/** Compares the runs of one distribution with the targets; the worst run counts. */
export function targets({ ours, withCallbacks, quick, peers, efficiency }: Compared): Target[] {
  const worst = Math.min(...ours.map(efficiency));
  const better = peers.filter(({ runs }) => runs.some((peer, seed) => beats(peer, ours[seed] as Run)));
  const longest = Math.max(...ours.map(({ longestInterval }) => longestInterval));
  const left = Math.max(...withCallbacks.map(({ delay }, seed) => delay / (ours[seed] as Run).delay));
  const more = Math.max(...withCallbacks.map(({ checks }, seed) => checks - (ours[seed] as Run).checks));
  const relative = Math.max(...quick.map(({ relativeP95 }) => relativeP95));
  return [
    {
      target: `at least ${LEAST_EFFICIENCY} of the optimum`,
      measured: worst.toFixed(3),
      met: worst >= LEAST_EFFICIENCY,
    },
    {
      target: "no way to wait that sees every end has fewer checks and less mean delay",
      measured: better.length === 0 ? "none" : better.map(({ name }) => name).join(", "),
      met: better.length === 0,
    },
    {
      target: `never more than ${LONGEST_INTERVAL / 1000} s between two checks`,
      measured: `${(longest / 1000).toFixed(0)} s`,
      met: longest <= LONGEST_INTERVAL,
    },
    {
      target: `with callbacks, of which one in ten is lost, at most ${MOST_LEFT} of the mean delay`,
      measured: left.toFixed(3),
      met: left <= MOST_LEFT,
    },
    {
      target: `with callbacks, no more than ${MOST_MORE_CHECKS} checks a task above`,
      measured: `${more >= 0 ? "+" : "−"}${Math.abs(more).toFixed(2)}`,
      met: more <= MOST_MORE_CHECKS,
    },
    {
      target: `with 10 s and an unpunctual schedule, p95 of delay over run time under ${MOST_RELATIVE * 100} %`,
      measured: `${(relative * 100).toFixed(1)} %`,
      met: relative < MOST_RELATIVE,
    },
  ];
}

function beats(peer: Run, own: Run): boolean {
  return peer.missed === 0 && peer.checks < own.checks && peer.delay < own.delay;
}
