import * as z from "zod/mini";

/** The properties of a state. */
interface StateRow {
  /** Who reports it: EnOS, or this service itself. */
  saidBy: "enos" | "service";
  /** EnOS's number for it; null if it has none. */
  progressCode: number | null;
  /** Whether a task in it has ended: it is announced, and not checked again. */
  terminal: boolean;
}

/**
 * Every state that a task can be in. This table is the only place that names them: all types, lists, sets and
 * schemas follow from it. The codes are those of Data Federation API 2.x and Data Download API 3.x, merged.
 */
const TABLE = {
  /** Tracked, but not checked yet. */
  pending: { saidBy: "service", progressCode: null, terminal: false },
  waiting: { saidBy: "enos", progressCode: 0, terminal: false },
  running: { saidBy: "enos", progressCode: 1, terminal: false },
  failed: { saidBy: "enos", progressCode: 2, terminal: true },
  succeeded: { saidBy: "enos", progressCode: 3, terminal: true },
  cancelling: { saidBy: "enos", progressCode: 4, terminal: false },
  cancelled: { saidBy: "enos", progressCode: 5, terminal: true },
  expiring: { saidBy: "enos", progressCode: 6, terminal: false },
  expired: { saidBy: "enos", progressCode: 7, terminal: true },
  /** A code that no edition documents, or a state that a newer version of this service wrote down. */
  unknown: { saidBy: "enos", progressCode: null, terminal: false },
  /** Tracking gave up, for one of ABANDON_REASONS. */
  abandoned: { saidBy: "service", progressCode: null, terminal: true },
} as const satisfies Record<string, StateRow>;

type Table = typeof TABLE;
type StatesThatAre<Row extends Partial<StateRow>> = {
  [State in keyof Table]: Table[State] extends Row ? State : never;
}[keyof Table];

/** A tracked task's last known state. */
export type TrackedState = keyof Table;

/** A task's state as EnOS reports it. */
export type EnosState = StatesThatAre<{ saidBy: "enos" }>;

/** A state that ends a task for those who wait for it. */
export type TerminalState = StatesThatAre<{ terminal: true }>;

/** A terminal state that EnOS reported. */
export type EnosTerminalState = EnosState & TerminalState;

/** Every state, in the table's order. */
export const STATES = Object.keys(TABLE) as [TrackedState, ...TrackedState[]];

/** Every terminal state, in the table's order. */
export const TERMINAL_STATES = STATES.filter(isTerminal);

/** A state's name. */
export const State = z.enum(STATES);

/** True for a state after which the task's outcome is known. */
export function isTerminal(state: EnosState): state is EnosTerminalState;
export function isTerminal(state: TrackedState): state is TerminalState;
export function isTerminal(state: TrackedState): boolean {
  return TABLE[state].terminal;
}

const BY_CODE: ReadonlyMap<number | null, EnosState> = new Map(
  (Object.entries(TABLE) as [EnosState, StateRow][])
    .filter(([, { progressCode }]) => progressCode !== null)
    .map(([state, { progressCode }]) => [progressCode, state]),
);

/** The state that EnOS's progress code stands for. */
export function stateOfCode(progressCode: number): EnosState {
  return BY_CODE.get(progressCode) ?? "unknown";
}

const NAMES: ReadonlySet<unknown> = new Set(STATES);

/** The state in a record; `unknown` if this version has no such state, so that the task is still checked. */
export function storedState(value: unknown): TrackedState {
  return NAMES.has(value) ? (value as TrackedState) : "unknown";
}

/**
 * Why tracking gave up: the task's deadline passed; EnOS does not know the task; or its deadline passed, and it could
 * not be checked for the last day, or ever.
 */
export const ABANDON_REASONS = ["deadline", "not-found", "unreachable"] as const;

/** @see ABANDON_REASONS */
export type AbandonReason = (typeof ABANDON_REASONS)[number];
