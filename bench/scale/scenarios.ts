import type { SweepSettings } from "../../lib/sweep/dependencies.ts";
import { DURATIONS, type Durations } from "../simulation/durations.ts";

/** A population of tasks, and the settings of the service for it. */
export interface Scenario extends Omit<SweepSettings, "deadlineMs"> {
  name: string;
  /** Tasks open at a time, spread evenly over the organisations. */
  tasks: number;
  organisations: number;
  durations: Durations;
  /** A minute, or a fraction of one: then each invocation sweeps in rounds. */
  intervalSeconds: number;
  /** The memory of a sweeper, in MB. */
  memory: number;
  /** How many minutes are counted. */
  minutes: number;
  /** Whether the settings are meant to keep up; the other scenarios show what gives way first. */
  keepsUp: boolean;
}

const [LOGNORMAL, UNIFORM] = DURATIONS as [Durations, Durations];

const DEFAULTS = {
  shardCount: 4,
  intervalSeconds: 60,
  sweepers: 1,
  concurrency: 64,
  requestsPerSecond: 100,
  memory: 1_024,
  durations: LOGNORMAL,
  keepsUp: true,
};
/** An organisation's gateway may see 6 × 50 requests/s. */
const FOR_A_MILLION = { ...DEFAULTS, shardCount: 24, sweepers: 6, concurrency: 128, requestsPerSecond: 50 };
/** An organisation's gateway may see 60 × 10 requests/s. */
const FOR_TEN_MILLION = { ...FOR_A_MILLION, shardCount: 240, sweepers: 60, requestsPerSecond: 10 };

const THOUSAND = { ...DEFAULTS, tasks: 1_000, organisations: 1, minutes: 60 };
const MILLION = { ...FOR_A_MILLION, tasks: 1_000_000, organisations: 100, minutes: 10 };
const TEN_MILLION = { ...FOR_TEN_MILLION, tasks: 10_000_000, organisations: 1_000, minutes: 2 };

/** A thousand tasks with the default settings. */
export const DEFAULT_SCENARIO: Scenario = { ...THOUSAND, name: "defaults" };

const DEFAULTS_AT_THEIR_LIMIT: Scenario = {
  ...THOUSAND,
  name: "defaults, 100 organisations",
  tasks: 100_000,
  organisations: 100,
  minutes: 20,
};
const SET_FOR_A_MILLION: Scenario = { ...MILLION, name: "set for a million" };

/** The columns of the table in `docs/scale.md`. */
export const DOCUMENTED: readonly Scenario[] = [DEFAULT_SCENARIO, DEFAULTS_AT_THEIR_LIMIT, SET_FOR_A_MILLION];

/** All scenarios, in the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  DEFAULT_SCENARIO,
  { ...THOUSAND, name: "rounds, 10 s apart", intervalSeconds: 10 },
  { ...THOUSAND, name: "2 requests/s", requestsPerSecond: 2, keepsUp: false },
  { ...THOUSAND, name: "defaults, one organisation", tasks: 10_000 },
  DEFAULTS_AT_THEIR_LIMIT,
  {
    ...THOUSAND,
    name: "defaults, 1,000 organisations",
    tasks: 300_000,
    organisations: 1_000,
    minutes: 10,
    keepsUp: false,
  },
  SET_FOR_A_MILLION,
  { ...MILLION, name: "the same, longer run times", durations: UNIFORM },
  { ...MILLION, ...DEFAULTS, name: "defaults", keepsUp: false },
  { ...MILLION, name: "one organisation", organisations: 1, keepsUp: false },
  { ...MILLION, name: "one that allows more", organisations: 1, requestsPerSecond: 2_500 },
  { ...TEN_MILLION, name: "set for ten million" },
];
