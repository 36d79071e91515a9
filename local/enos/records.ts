import type { Endpoint } from "./input.ts";

/** Counters of requests and their outcomes. */
export interface Counters {
  /** By endpoint; `other` counts everything that is not an endpoint of EnOS. */
  readonly requests: Record<Endpoint | "other", number>;
  /** By organisation and endpoint, for requests whose organisation was known. */
  readonly byOrganisation: Record<string, Record<Endpoint, number>>;
  /** Refusals by EnOS code. */
  readonly refused: Record<string, number>;
  /** Corrupted answers, by the kind of fault. */
  readonly faults: Record<string, number>;
  readonly callbacks: { readonly delivered: number; readonly failed: number };
}

/** A logged request, without token, signature or key. */
export interface LogEntry {
  /** Unix milliseconds by the simulator's clock. */
  readonly at: number;
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly orgId: string | undefined;
  readonly channelId: string | undefined;
  readonly taskId: string | undefined;
  /** As sent; undefined if there was none. */
  readonly timestamp: string | undefined;
  /** Whether no earlier request had this timestamp and signature (or `encryption`). */
  readonly fresh: boolean;
  /** 0 if token, timestamp and signature are correct, otherwise the EnOS code of the refusal. */
  readonly code: number;
  /** The kind of fault that applied. */
  readonly fault: string | undefined;
}

/** The counters and the log of requests. */
export class Records {
  #requests = zeroes();
  #other = 0;
  #byOrganisation = new Map<string, Record<Endpoint, number>>();
  #refused = new Map<number, number>();
  #faults = new Map<string, number>();
  #log: LogEntry[] = [];
  #seen = new Set<string>();
  #logSize = 0;

  countRequest(endpoint: Endpoint, orgId: string | undefined): void {
    this.#requests[endpoint] += 1;
    if (orgId === undefined) return;
    let counts = this.#byOrganisation.get(orgId);
    if (counts === undefined) {
      counts = zeroes();
      this.#byOrganisation.set(orgId, counts);
    }
    counts[endpoint] += 1;
  }

  countOther(): void {
    this.#other += 1;
  }

  countRefusal(code: number): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
  }

  countFault(kind: string): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
  }

  counters(callbacks: { delivered: number; failed: number }): Counters {
    return {
      requests: { ...this.#requests, other: this.#other },
      byOrganisation: Object.fromEntries(
        [...this.#byOrganisation].map(([orgId, counts]) => [orgId, { ...counts }]),
      ),
      refused: Object.fromEntries(this.#refused),
      faults: Object.fromEntries(this.#faults),
      callbacks: { delivered: callbacks.delivered, failed: callbacks.failed },
    };
  }

  resetCounters(): void {
    this.#requests = zeroes();
    this.#other = 0;
    this.#byOrganisation.clear();
    this.#refused.clear();
    this.#faults.clear();
  }

  /** Logs the last `size` requests from now on; 0 logs none. Earlier entries are dropped. */
  keepLog(size: number): void {
    this.#logSize = size;
    this.#log = [];
    this.#seen.clear();
  }

  get isLogging(): boolean {
    return this.#logSize > 0;
  }

  /** @param proof the timestamp with the signature or digest: compared with earlier ones, never exposed */
  log(entry: Omit<LogEntry, "fresh">, proof: string): void {
    const fresh = !this.#seen.has(proof);
    // This reaches back further than the log, but is bounded.
    if (this.#seen.size >= 10 * this.#logSize) this.#seen.clear();
    this.#seen.add(proof);
    this.#log.push({ ...entry, fresh });
    if (this.#log.length > this.#logSize) this.#log.shift();
  }

  /** Oldest first. */
  entries(): LogEntry[] {
    return [...this.#log];
  }
}

function zeroes(): Record<Endpoint, number> {
  return { token: 0, status: 0, create: 0, cancel: 0 };
}
