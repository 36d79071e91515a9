import type { Endpoint, Fault } from "./input.ts";

/** The properties of a request by which a fault is selected. */
export interface FaultTarget {
  readonly endpoint: Endpoint;
  readonly orgId: string | undefined;
  readonly channelId: string | undefined;
  readonly taskId: string | undefined;
}

/** An active fault, with the number of times it still applies. */
export interface StandingFault {
  readonly id: number;
  readonly fault: Fault;
  /** Undefined if unlimited. */
  remaining: number | undefined;
}

type LatencyFault = Extract<Fault, { kind: "latency" }>;

/** A fault that replaces or corrupts the answer. */
export type AnswerFault = Exclude<Fault, LatencyFault>;

/** What happens to one request: the sum of the matching latencies, and the first other matching fault. */
export interface Misfortune {
  readonly latencyMs: number;
  readonly fault: AnswerFault | undefined;
}

const NONE: Misfortune = { latencyMs: 0, fault: undefined };

/** The active faults, oldest first. */
export class Faults {
  readonly #random: () => number;
  #standing: StandingFault[] = [];
  #lastId = 0;

  /** @param random a source of random numbers in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** @returns the fault's id */
  add(fault: Fault): number {
    this.#lastId += 1;
    this.#standing.push({ id: this.#lastId, fault, remaining: fault.times });
    return this.#lastId;
  }

  /** @returns whether the fault existed */
  remove(id: number): boolean {
    const before = this.#standing.length;
    this.#standing = this.#standing.filter((each) => each.id !== id);
    return this.#standing.length < before;
  }

  clear(): void {
    this.#standing = [];
  }

  list(): StandingFault[] {
    return this.#standing.map((each) => ({ ...each }));
  }

  /** Selects the faults for this request and counts it against their `times`. */
  meet(target: FaultTarget): Misfortune {
    if (this.#standing.length === 0) return NONE;
    let latencyMs = 0;
    let answerFault: AnswerFault | undefined;
    for (const each of this.#standing) {
      const { fault } = each;
      if (fault.kind !== "latency" && answerFault !== undefined) continue;
      if (!fits(fault, target)) continue;
      if (fault.probability !== undefined && this.#random() >= fault.probability) continue;
      if (each.remaining !== undefined) each.remaining -= 1;
      if (fault.kind === "latency") latencyMs += fault.ms;
      else answerFault = fault;
    }
    this.#standing = this.#standing.filter((each) => each.remaining === undefined || each.remaining > 0);
    return { latencyMs, fault: answerFault };
  }
}

function fits(fault: Fault, target: FaultTarget): boolean {
  return (
    (fault.endpoint === undefined || fault.endpoint === target.endpoint) &&
    (fault.orgId === undefined || fault.orgId === target.orgId) &&
    (fault.channelId === undefined || fault.channelId === target.channelId) &&
    (fault.taskId === undefined || fault.taskId === target.taskId)
  );
}
