import { DURATIONS, type Durations } from "../simulation/durations.ts";

/** How many tasks of which kind, and how the service is set for them. */
export interface Scenario {
  /** What is shown, in a few words. */
  name: string;
  /** Open at a time. */
  tasks: number;
  durations: Durations;
  /** The tasks are spread evenly over them. */
  organisations: number;
  /** `SWEEP_SHARDS` */
  shards: number;
  /** `SWEEP_INTERVAL_SECONDS`: a minute, or a part of one, with as many rounds in each sweep. */
  intervalSeconds: number;
  /** `SWEEPERS`: sweeps started each minute. */
  sweepers: number;
  /** `SWEEP_CONCURRENCY` */
  concurrency: number;
  /** `ENOS_REQUESTS_PER_SECOND`, for each sweeper. */
  requestsPerSecond: number;
  /** Of a sweeper, in MB. */
  memory: number;
  /** How many minutes are counted. */
  minutes: number;
  /** Whether the settings are meant to keep up. The others show what breaks first. */
  keepsUp: boolean;
}

const [LOGNORMAL, UNIFORM] = DURATIONS as [Durations, Durations];

/** What a deployment has that sets nothing. */
const DEFAULTS = {
  shards: 4,
  intervalSeconds: 60,
  sweepers: 1,
  concurrency: 64,
  requestsPerSecond: 100,
  memory: 1_024,
};

/** Six times 50 requests/s is what an organisation's gateway may see. */
const FOR_A_MILLION = { ...DEFAULTS, shards: 24, sweepers: 6, concurrency: 128, requestsPerSecond: 50 };

/** The same for ten times as many tasks; an organisation's gateway may see 600 requests/s. */
const FOR_TEN_MILLION = { ...FOR_A_MILLION, shards: 240, sweepers: 60, requestsPerSecond: 10 };

const COMMON = { durations: LOGNORMAL, keepsUp: true };
const THOUSAND = { ...COMMON, ...DEFAULTS, tasks: 1_000, organisations: 1, minutes: 60 };
const MILLION = { ...COMMON, ...FOR_A_MILLION, tasks: 1_000_000, organisations: 100, minutes: 10 };
const TEN_MILLION = {
  ...COMMON,
  ...FOR_TEN_MILLION,
  tasks: 10_000_000,
  organisations: 1_000,
  minutes: 3,
};

/** A thousand tasks, and no setting but the defaults. */
export const DEFAULT_SCENARIO: Scenario = { ...THOUSAND, name: "defaults" };

/** What `docs/scale.md` shows. */
export const SCENARIOS: readonly Scenario[] = [
  DEFAULT_SCENARIO,
  { ...THOUSAND, name: "rounds, 10 s apart", intervalSeconds: 10 },
  { ...THOUSAND, name: "2 requests/s", requestsPerSecond: 2, keepsUp: false },
  { ...THOUSAND, name: "defaults, one organisation", tasks: 10_000 },
  { ...THOUSAND, name: "defaults, 100 organisations", tasks: 150_000, organisations: 100, minutes: 20 },
  { ...MILLION, name: "set for a million" },
  { ...MILLION, name: "the same, longer run times", durations: UNIFORM },
  { ...MILLION, ...DEFAULTS, name: "defaults", keepsUp: false },
  { ...MILLION, name: "one organisation", organisations: 1, keepsUp: false },
  { ...MILLION, name: "one that allows more", organisations: 1, requestsPerSecond: 1_500 },
  { ...TEN_MILLION, name: "set for ten million" },
  { ...TEN_MILLION, ...FOR_A_MILLION, name: "set for a million", keepsUp: false },
];
