import type { HealthRecord, StuckReason } from "../store/health-store.ts";
import { CLOCK_ERROR_MS } from "../store/shard-store.ts";
import type { CallResult } from "./call-result.ts";

/** Tasks of an organisation that are asked about in vain before it counts as stuck. */
const TASKS_IN_VAIN = 2;
/** The same of one that answers others, at most: until then, tasks without an answer may be poisonous. */
const MOST_TASKS_IN_VAIN = 64;
/** Organisations without an answer before their gateway counts as stuck. */
const ORGANISATIONS_IN_VAIN = 3;
/** Probes in one sweep of organisations whose gateway is stuck, too. */
const PROBES_BESIDE_GATEWAYS = 64;
/** From one probe to the next, in milliseconds: doubled each time, within these. */
const FIRST_PROBE_MS = 60_000;
const LONGEST_PROBE_MS = 10 * 60_000;
/** A probe that is overdue by this, in milliseconds, has nobody to be made for: every task is read more often. */
const FORSAKEN_MS = 60 * 60_000;
/** A probe is early by up to this share, so that what broke together is not probed together. */
const EARLY = 0.25;

/** What changed, to be written down: an organisation or a gateway that is stuck from now on, or no longer. */
export type HealthChange = { kind: "stuck" | "recovered"; record: HealthRecord };

interface Organisation {
  origin: string | undefined;
  fingerprint: string | undefined;
  /** Calls of this sweep that were answered. */
  answers: number;
  /** Tasks that were asked about in vain since the last answer. */
  inVain: Set<string>;
  record: HealthRecord | undefined;
  /** What is written of it, while it is called as if it were well. */
  retried: HealthRecord | undefined;
}

interface Origin {
  organisations: Set<string>;
  hasAnswered: boolean;
  /** Organisations that went without an answer since the last one. */
  inVain: Set<string>;
  record: HealthRecord | undefined;
}

/**
 * Who is stuck, from what was written down and what a sweep's calls bring. Makes no call and writes nothing: what
 * changes is returned.
 */
export class Breakers {
  readonly #organisations = new Map<string, Organisation>();
  readonly #origins = new Map<string, Origin>();
  readonly #now: () => number;
  readonly #secondOpinions = new Set<string>();
  #probesBesideGateways = PROBES_BESIDE_GATEWAYS;

  /** @param now Unix milliseconds */
  constructor({ records, now }: { records: readonly HealthRecord[]; now: () => number }) {
    this.#now = now;
    for (const record of records) {
      if (record.scope === "org") this.#organisation(record.id).record = record;
      else this.#origin(record.id).record = record;
    }
    for (const [orgId, { record }] of this.#organisations) {
      if (record?.origin && !this.#origin(record.origin).record) this.retry(orgId);
    }
  }

  /** What is stuck now: organisations and gateways. */
  get records(): HealthRecord[] {
    return [...this.#organisations.values(), ...this.#origins.values()].flatMap(({ record }) => record ?? []);
  }

  /** Why an organisation is left alone, its gateway's trouble first; undefined when it is not. */
  stuck(orgId: string): HealthRecord | undefined {
    const organisation = this.#organisations.get(orgId);
    if (!organisation) return undefined;
    const { origin } = organisation;
    return (origin && this.#origins.get(origin)?.record) || organisation.record;
  }

  /**
   * Whether an organisation is left alone for its gateway's sake only. A gateway was found silent by some, perhaps by a
   * sweep that asked for no other: who has not been asked in vain may know better.
   */
  isStuckByHearsay(orgId: string): boolean {
    const organisation = this.#organisations.get(orgId);
    if (!organisation || this.stuck(orgId)?.scope !== "origin") return false;
    return organisation.record === undefined && organisation.inVain.size === 0;
  }

  /**
   * What is written of an organisation itself whose gateway is stuck, too; undefined otherwise. It may have recovered
   * without the others, and is asked when its own probe is due.
   */
  ownRecord(orgId: string): HealthRecord | undefined {
    return this.stuck(orgId)?.scope === "origin" ? this.#organisations.get(orgId)?.record : undefined;
  }

  /** Whether an organisation's opinion of its gateway may be asked for: once in a sweep, for all of its shards. */
  takeSecondOpinion(orgId: string): boolean {
    const isFirst = !this.#secondOpinions.has(orgId);
    this.#secondOpinions.add(orgId);
    return isFirst;
  }

  /** Takes one of a sweep's probes of organisations whose gateway is stuck, too; false when there is none left. */
  takeProbeBesideGateway(): boolean {
    return this.#probesBesideGateways > 0 && this.#probesBesideGateways-- > 0;
  }

  /** The organisations whose gateway this is known to be. */
  organisationsOf(origin: string): string[] {
    return [...(this.#origins.get(origin)?.organisations ?? [])];
  }

  /** An organisation's gateway; undefined while it is not known. */
  originOf(orgId: string): string | undefined {
    return this.#organisations.get(orgId)?.origin;
  }

  /** Notes an organisation's gateway and, where it is known, by which credentials it is asked. */
  learn(orgId: string, origin: string, fingerprint?: string): void {
    const organisation = this.#organisation(orgId);
    if (fingerprint) organisation.fingerprint = fingerprint;
    if (organisation.origin === origin) return;
    if (organisation.origin) this.#origin(organisation.origin).organisations.delete(orgId);
    organisation.origin = origin;
    this.#origin(origin).organisations.add(orgId);
  }

  /**
   * Lets an organisation be called as if it were well: its secret has changed, or its gateway has recovered. What is
   * written stays until it answers.
   */
  retry(orgId: string): void {
    const organisation = this.#organisation(orgId);
    organisation.retried = organisation.record;
    organisation.record = undefined;
  }

  /** Notes that a probe was claimed. */
  claimed(record: HealthRecord, nextProbeAt: number): void {
    const holder = record.scope === "org" ? this.#organisation(record.id) : this.#origin(record.id);
    if (holder.record === record) holder.record = { ...record, nextProbeAt, probes: record.probes + 1 };
  }

  /**
   * Hears how a call about a task ended.
   *
   * @param isWitness whether the task was drawn from all of the organisation's, to be asked about as well
   */
  hear(orgId: string, task: string, result: CallResult, isWitness = false): HealthChange[] {
    switch (result.kind) {
      case "answered":
        return this.#answered(orgId);
      case "limited":
        return [...this.#gatewayAnswered(orgId), ...this.#limited(orgId)];
      case "refused":
        return [
          ...(wasCalled(result.reason) ? this.#gatewayAnswered(orgId) : []),
          // Credentials and our address are the same for every task.
          ...this.#inVain(orgId, task, result.reason, { isWitness: true }),
        ];
      case "unanswered":
        return [
          // What its gateway is said to be is true: that needs no second task.
          ...this.#inVain(orgId, task, "unreachable", {
            isWitness,
            isExpected: this.isStuckByHearsay(orgId),
          }),
          ...this.#silent(orgId, result.isConnected),
        ];
      case "cut-off":
        return [];
    }
  }

  /**
   * Whether one more of an organisation's tasks would tell that it is stuck: what is due may all be poisonous.
   *
   * @param isLast whether nothing else of it is to be asked about
   */
  isInDoubt(orgId: string, isLast: boolean): boolean {
    const organisation = this.#organisations.get(orgId);
    if (!organisation || this.stuck(orgId)) return false;
    const { answers, inVain } = organisation;
    const isOneShort = isLast && answers === 0 && inVain.size === TASKS_IN_VAIN - 1;
    return isOneShort || inVain.size >= enoughInVain(organisation);
  }

  /** The index keys of an organisation's tasks that were asked about in vain since its last answer. */
  tasksInVain(orgId: string): ReadonlySet<string> {
    return new Set(this.#organisations.get(orgId)?.inVain);
  }

  /** Hears that an organisation in doubt has no other task that could be asked about. */
  hasNoOther(orgId: string, reason: StuckReason): HealthChange[] {
    return this.isInDoubt(orgId, true) ? this.#open("org", orgId, reason) : [];
  }

  #answered(orgId: string): HealthChange[] {
    const organisation = this.#organisation(orgId);
    organisation.answers++;
    organisation.inVain.clear();
    organisation.record ??= organisation.retried;
    organisation.retried = undefined;
    return [...this.#gatewayAnswered(orgId), ...this.#recovered(organisation)];
  }

  #gatewayAnswered(orgId: string): HealthChange[] {
    const { origin: url } = this.#organisation(orgId);
    if (!url) return [];
    const origin = this.#origin(url);
    origin.hasAnswered = true;
    origin.inVain.clear();
    if (!origin.record) return [];
    for (const other of origin.organisations) {
      if (other !== orgId && this.#organisation(other).record?.origin === url) this.retry(other);
    }
    return this.#recovered(origin);
  }

  #recovered(holder: Organisation | Origin): HealthChange[] {
    const { record } = holder;
    holder.record = undefined;
    return record ? [{ kind: "recovered", record }] : [];
  }

  /** After an answer a limit ends the organisation's turn, and no more; before any it is left alone for longer. */
  #limited(orgId: string): HealthChange[] {
    return this.#organisation(orgId).answers > 0 ? [] : this.#open("org", orgId, "throttled");
  }

  #inVain(
    orgId: string,
    task: string,
    reason: StuckReason,
    { isWitness, isExpected = false }: { isWitness: boolean; isExpected?: boolean },
  ): HealthChange[] {
    const organisation = this.#organisation(orgId);
    organisation.inVain.add(task);
    // Where there was no call another task would fare no better.
    const isCertain = isExpected || !wasCalled(reason);
    const isProven = isWitness && organisation.inVain.size >= enoughInVain(organisation);
    if (!isCertain && !organisation.record && !isProven) return [];
    return this.#open("org", orgId, reason);
  }

  #silent(orgId: string, isConnected: boolean): HealthChange[] {
    const { origin: url } = this.#organisation(orgId);
    if (!url) return [];
    const origin = this.#origin(url);
    origin.inVain.add(orgId);
    const enough = Math.max(2, Math.min(ORGANISATIONS_IN_VAIN, origin.organisations.size));
    // An answer within this sweep speaks for the gateway, however many of its organisations get none.
    const isDown = !origin.hasAnswered && (!isConnected || origin.inVain.size >= enough);
    return isDown ? this.#open("origin", url, "unreachable") : [];
  }

  #open(scope: HealthRecord["scope"], id: string, reason: StuckReason): HealthChange[] {
    const holder = scope === "org" ? this.#organisation(id) : this.#origin(id);
    const { record } = holder;
    if (record?.reason === reason) return [];
    const now = this.#now();
    const organisation = scope === "org" ? this.#organisation(id) : undefined;
    const fingerprint = organisation?.fingerprint;
    const url = reason === "unreachable" ? organisation?.origin : undefined;
    const origin = url && this.#origin(url).record ? url : undefined;
    // Stuck all the same, though for another reason: what was waited is not waited again.
    const waited = record ?? { scope, id, since: now, nextProbeAt: nextProbe(0, now), probes: 0 };
    holder.record = { ...waited, reason, fingerprint, origin };
    return [{ kind: "stuck", record: holder.record }];
  }

  #organisation(orgId: string): Organisation {
    let organisation = this.#organisations.get(orgId);
    if (!organisation) {
      organisation = {
        origin: undefined,
        fingerprint: undefined,
        answers: 0,
        inVain: new Set(),
        record: undefined,
        retried: undefined,
      };
      this.#organisations.set(orgId, organisation);
    }
    return organisation;
  }

  #origin(url: string): Origin {
    let origin = this.#origins.get(url);
    if (!origin) {
      origin = { organisations: new Set(), hasAnswered: false, inVain: new Set(), record: undefined };
      this.#origins.set(url, origin);
    }
    return origin;
  }
}

/** Who answers is stuck only once it has been silent for as long as it has answered. */
function enoughInVain({ answers }: Organisation): number {
  return Math.min(MOST_TASKS_IN_VAIN, Math.max(TASKS_IN_VAIN, answers));
}

/** Whether an organisation's gateway was called at all: without credentials it is not, and says nothing. */
export function wasCalled(reason: StuckReason): boolean {
  return reason !== "unknown-organisation" && reason !== "secret";
}

/** When the probe after so many is due, in Unix milliseconds. @param random in [0, 1) */
export function nextProbe(probes: number, now: number, random = Math.random()): number {
  const after = Math.min(LONGEST_PROBE_MS, FIRST_PROBE_MS * 2 ** Math.min(probes, 10));
  return Math.round(now + after * (1 - EARLY * random));
}

/** Whether a probe is due. One that is further ahead than any can be was set by a clock that was wrong. */
export function isProbeDue({ nextProbeAt }: Pick<HealthRecord, "nextProbeAt">, now: number): boolean {
  return nextProbeAt <= now || nextProbeAt > now + LONGEST_PROBE_MS + CLOCK_ERROR_MS;
}

/** Whether there was nothing to probe with for so long that the record speaks of nobody who has open tasks. */
export function isForsaken({ nextProbeAt }: HealthRecord, now: number): boolean {
  return nextProbeAt < now - FORSAKEN_MS;
}
