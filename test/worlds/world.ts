/** How an organisation's gateway treats its calls. */
export type Conduct =
  /** Answers after this many milliseconds. */
  | { kind: "answers"; latencyMs: number }
  /** Accepts connections and never answers. */
  | { kind: "hangs" }
  | { kind: "refuses-connections" }
  | { kind: "refuses-keys" }
  | { kind: "refuses-address" }
  /** Limits traffic, after this many answers in each minute. */
  | { kind: "limits"; answers: number }
  /** Answers at once, but hangs in every nth call. */
  | { kind: "hangs-sometimes"; every: number }
  /** Answers at once until a time in milliseconds, and hangs from then on. */
  | { kind: "breaks"; atMs: number }
  | { kind: "no-secret" }
  | { kind: "unreadable-secret" };

/** One organisation of a world. */
export interface Organisation {
  id: string;
  /** Its gateway's address; several organisations may share one. */
  origin: string;
  conduct: Conduct;
  /** Until when it answers at once, in milliseconds of the world's time, before it conducts itself like that. */
  breaksAt?: number;
  /** When it begins to answer at once, in milliseconds of the world's time; never if absent. */
  recoversAt?: number;
  /** How many of its tasks are never answered, although others are: calls about them hang. */
  neverAnswered: number;
  /**
   * When its tasks are tracked and end, and their own deadlines, in milliseconds of the world's time; tracked before 0 is
   * old.
   */
  tasks: { trackedAt: number; endsAt: number; deletedAt?: number; deadlineAt?: number }[];
  requestsPerSecond?: number;
  /** The percentage of its answers that are unusable. */
  garblesPercent?: number;
}

/** Everything that a run depends on. */
export interface World {
  organisations: Organisation[];
  shards: number;
  sweepers: number;
  concurrency: number;
  minutes: number;
  /** How far the index lags behind the table, in milliseconds. */
  indexDelayMs: number;
  /** How far each sweeper's clock is ahead, in milliseconds. */
  clocksMs: number[];
  /** How far the tracker's clock is ahead, in milliseconds. */
  trackerClockMs: number;
  deadlineMs: number;
  /** How long each sweep may run, in milliseconds. */
  invocationMs: number;
  /** Sweeps that freeze in the middle, when, and for how long in milliseconds; for ever if `forMs` is absent. */
  frozen: { sweep: number; afterMs: number; forMs?: number }[];
  /** How long a page of the index takes, in milliseconds. */
  pageMs: number;
  /** How long SNS takes for an event, in milliseconds. */
  publishMs: number;
  /** Every nth page, publication or write fails, until a time in milliseconds. */
  failsEvery: number;
  failsUntilMs: number;
  /** From this minute on, the service's schedule has other settings. */
  rescheduledAt?: number;
  /** The schedule's longest interval, in seconds. */
  maxIntervalSeconds?: number | undefined;
  /** Whether an organisation's other open tasks are among too many records to be found. */
  hidesOtherTasks?: boolean;
  /** Whether every sweep but the first runs in a process that has swept before; otherwise, some do. */
  isWarm?: boolean;
  /** The minutes at which all processes are replaced by new ones, as by a deployment. */
  restartsAt?: readonly number[];
  /** Determines the engine's random numbers. */
  seed: number;
}
