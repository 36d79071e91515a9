import type { TerminalState } from "../../lib/tasks/state.ts";
import { DAY_MS } from "../../lib/time/day.ts";
import type { Timeline } from "../enos/timeline.ts";

/** An example task: what happens to it, and how it must end. */
export interface Example {
  name: string;
  /** What happens to it, in words. */
  about: string;
  /** What happens to it in EnOS. */
  timeline: Timeline;
  /** When its owner cancels it. */
  cancelledAfterMs?: number;
  /** Whether EnOS calls back when it ends. */
  callsBack?: true;
  /** How long ago it was first tracked, if not now, and when its next check is due. */
  tracked?: { agoMs: number; dueAfterMs: number };
  /** The end that is announced; null for a task that keeps running. */
  end: ExpectedEnd | null;
}

/** The expected content of the event; null for what EnOS does not report. */
export interface ExpectedEnd {
  state: TerminalState;
  progressCode: number | null;
  progressDesc: string | null;
  downloadUrl: string | null;
  dataSize: number | null;
  reason: "deadline" | null;
}

const NOTHING = { progressCode: null, progressDesc: null, downloadUrl: null, dataSize: null, reason: null };

const HOUR_MS = 60 * 60_000;

const READY_AFTER_12_S: Timeline = [
  { afterMs: 0, progressCode: 1 },
  {
    afterMs: 12_000,
    progressCode: 3,
    progressDesc: "success",
    downloadUrl: "http://files.enos.example/substations-2026.zip",
    dataSize: 8_388_608,
  },
];

const READY: ExpectedEnd = {
  ...NOTHING,
  state: "succeeded",
  progressCode: 3,
  progressDesc: "success",
  downloadUrl: "http://files.enos.example/substations-2026.zip",
  dataSize: 8_388_608,
};

/** Every way in which a task can end, and one task that keeps running. */
export const EXAMPLES: readonly Example[] = [
  {
    name: "succeeds",
    about: "its file is ready after 3 s",
    timeline: [
      { afterMs: 0, progressCode: 0 },
      { afterMs: 1_000, progressCode: 1 },
      {
        afterMs: 3_000,
        progressCode: 3,
        progressDesc: "success",
        downloadUrl: "http://files.enos.example/turbines-2026.zip",
        dataSize: 52_428_800,
      },
    ],
    end: {
      ...NOTHING,
      state: "succeeded",
      progressCode: 3,
      progressDesc: "success",
      downloadUrl: "http://files.enos.example/turbines-2026.zip",
      dataSize: 52_428_800,
    },
  },
  {
    name: "told",
    about: "was tracked an hour ago: its file is ready after 12 s, and EnOS calls back",
    timeline: READY_AFTER_12_S,
    tracked: { agoMs: HOUR_MS, dueAfterMs: 18_000 },
    callsBack: true,
    end: READY,
  },
  {
    name: "not told",
    about: "the same, but EnOS does not call back: the next check is after 18 s",
    timeline: READY_AFTER_12_S,
    tracked: { agoMs: HOUR_MS, dueAfterMs: 18_000 },
    end: READY,
  },
  {
    name: "fails",
    about: "fails after 4 s",
    timeline: [
      { afterMs: 0, progressCode: 1 },
      { afterMs: 4_000, progressCode: 2, progressDesc: "fail" },
    ],
    end: { ...NOTHING, state: "failed", progressCode: 2, progressDesc: "fail" },
  },
  {
    name: "cancelled",
    about: "is cancelled by its owner after 5 s",
    timeline: [{ afterMs: 0, progressCode: 1 }],
    cancelledAfterMs: 5_000,
    end: { ...NOTHING, state: "cancelled", progressCode: 5, progressDesc: "cancelled" },
  },
  {
    name: "expires",
    about: "ended long ago, and its file is deleted within 7 s",
    timeline: [
      { afterMs: 0, progressCode: 6 },
      { afterMs: 7_000, progressCode: 7 },
    ],
    end: { ...NOTHING, state: "expired", progressCode: 7, progressDesc: "expired" },
  },
  {
    name: "abandoned",
    about: "was tracked 8 days ago and runs for ever: tracking gives up after 7",
    timeline: [{ afterMs: 0, progressCode: 1 }],
    tracked: { agoMs: 8 * DAY_MS, dueAfterMs: 2_000 },
    end: { ...NOTHING, state: "abandoned", reason: "deadline" },
  },
  {
    name: "goes on",
    about: "keeps running",
    timeline: [{ afterMs: 0, progressCode: 1 }],
    end: null,
  },
];
