import type { HealthRecord, StuckReason } from "../store/health-store.ts";
import { type CallResult, wasCalled } from "./call-result.ts";
import { nextProbe } from "./probe-times.ts";

/** How many tasks of an organisation go unanswered, or are refused, before it counts as stuck. */
const UNANSWERED_TASKS = 2;
/**
 * If tasks of it were answered in this sweep, it takes as many as those, but no more than this: an organisation may have
 * tasks that are never answered, and be answered about all others.
 */
const MOST_UNANSWERED_TASKS = 64;
/**
 * How many witnesses go unanswered before an organisation with suspects counts as stuck. As likely as its tasks are never
 * answered, one of them says nothing.
 */
const WITNESSES_BESIDE_SUSPECTS = 2;
/** How many organisations go unanswered before their gateway counts as stuck. */
const UNANSWERED_ORGANISATIONS = 3;

/** A change to be written: an organisation or a gateway is stuck from now on, or has recovered. */
export type HealthChange = { kind: "stuck" | "recovered"; record: HealthRecord };

interface Organisation {
  origin: string | undefined;
  fingerprint: string | undefined;
  /** Calls of this sweep that were answered. */
  answers: number;
  /** Tasks that went unanswered, or were refused, since the last answer: index keys, and whether each is a suspect. */
  unansweredTasks: Map<string, boolean>;
  /** How many witnesses went unanswered, or tasks were refused, since the last answer. */
  witnesses: number;
  record: HealthRecord | undefined;
  /** Its stored record, while it is called as if it were not stuck. */
  retried: HealthRecord | undefined;
}

interface Origin {
  organisations: Set<string>;
  hasAnswered: boolean;
  /** Organisations that went unanswered. It counts only while the gateway has answered none. */
  unansweredOrganisations: Set<string>;
  record: HealthRecord | undefined;
}

/**
 * Decides which organisations and gateways are stuck, from the stored records and the results of a sweep's calls. It
 * makes no calls and writes nothing, but returns the changes.
 */
export class Breakers {
  readonly #organisations = new Map<string, Organisation>();
  readonly #origins = new Map<string, Origin>();
  readonly #now: () => number;
  readonly #doLimitsCount: boolean;
  #version = 0;

  constructor(options: {
    records: readonly HealthRecord[];
    /** Unix milliseconds. */
    now: () => number;
    /** Whether an organisation counts as stuck if its first call meets a traffic limit; true if left out. */
    doLimitsCount?: boolean;
  }) {
    const { records, now, doLimitsCount = true } = options;
    this.#now = now;
    this.#doLimitsCount = doLimitsCount;
    for (const record of records) {
      if (record.scope === "org") this.#organisation(record.id).record = record;
      else this.#origin(record.id).record = record;
    }
    for (const [orgId, { record }] of this.#organisations) {
      if (record?.origin && !this.#origin(record.origin).record) this.retry(orgId);
    }
  }

  /** The records of all organisations and gateways that are stuck now. */
  get records(): HealthRecord[] {
    return [...this.#organisations.values(), ...this.#origins.values()].flatMap(({ record }) => record ?? []);
  }

  /** A number that is another one whenever {@link stuck} may have changed for any organisation. */
  get version(): number {
    return this.#version;
  }

  /** Why an organisation is only probed: its gateway's record, else its own. Undefined if neither is stuck. */
  stuck(orgId: string): HealthRecord | undefined {
    const organisation = this.#organisations.get(orgId);
    if (!organisation) return undefined;
    const { origin } = organisation;
    return (origin && this.#origins.get(origin)?.record) || organisation.record;
  }

  /**
   * Whether an organisation is stuck only because its gateway is. The gateway did not answer some organisations, and
   * perhaps no others were asked. It may still answer one of which no task has gone unanswered.
   */
  isStuckOnlyByGateway(orgId: string): boolean {
    const organisation = this.#organisations.get(orgId);
    if (!organisation || this.stuck(orgId)?.scope !== "origin") return false;
    return organisation.record === undefined && organisation.unansweredTasks.size === 0;
  }

  /**
   * The own record of a stuck organisation whose gateway is stuck as well; undefined otherwise. The organisation may
   * recover before the others, so it is asked when its own probe is due.
   */
  ownRecord(orgId: string): HealthRecord | undefined {
    return this.stuck(orgId)?.scope === "origin" ? this.#organisations.get(orgId)?.record : undefined;
  }

  /** The organisations that are known to use a gateway. */
  organisationsOf(origin: string): string[] {
    return [...(this.#origins.get(origin)?.organisations ?? [])];
  }

  /** An organisation's gateway; undefined while it is not known. */
  originOf(orgId: string): string | undefined {
    return this.#organisations.get(orgId)?.origin;
  }

  /** Notes an organisation's gateway and, if known, the fingerprint of its credentials. */
  learn(orgId: string, origin: string, fingerprint?: string): void {
    const organisation = this.#organisation(orgId);
    if (fingerprint) organisation.fingerprint = fingerprint;
    if (organisation.origin === origin) return;
    if (organisation.origin) this.#origin(organisation.origin).organisations.delete(orgId);
    organisation.origin = origin;
    this.#origin(origin).organisations.add(orgId);
    this.#version++;
  }

  /**
   * Lets an organisation be called as if it were not stuck: its secret has changed, or its gateway has recovered. Its
   * stored record stays until it is answered.
   */
  retry(orgId: string): void {
    const organisation = this.#organisation(orgId);
    organisation.retried = organisation.record;
    organisation.record = undefined;
    this.#version++;
  }

  /** Notes that a probe was claimed. */
  claimed(record: HealthRecord, nextProbeAt: number): void {
    const holder = record.scope === "org" ? this.#organisation(record.id) : this.#origin(record.id);
    if (holder.record === record) holder.record = { ...record, nextProbeAt, probes: record.probes + 1 };
  }

  /**
   * Notes the result of a call about a task.
   *
   * @param isWitness whether the task is a witness, {@link needsWitness}
   * @param isSuspect whether the last calls about this task went unanswered as well
   * @param hasSuspects whether the organisation has such tasks
   */
  noteResult(
    orgId: string,
    task: string,
    result: CallResult,
    {
      isWitness = false,
      isSuspect = false,
      hasSuspects = false,
    }: { isWitness?: boolean; isSuspect?: boolean; hasSuspects?: boolean } = {},
  ): HealthChange[] {
    switch (result.kind) {
      case "answered":
        return this.#answered(orgId);
      case "limited":
        return [...this.#gatewayAnswered(orgId), ...this.#limited(orgId)];
      case "refused":
        return [
          ...(wasCalled(result.reason) ? this.#gatewayAnswered(orgId) : []),
          // Counts like a witness: credentials and our address are the same for every task.
          ...this.#unanswered(orgId, task, result.reason, { isWitness: true, isSuspect, hasSuspects }),
        ];
      case "unanswered":
        return [
          // It confirms that the gateway is stuck: no second task is needed, unless this one may never be answered.
          ...this.#unanswered(orgId, task, "unreachable", {
            isWitness,
            isSuspect,
            hasSuspects,
            confirmsGateway: !(isSuspect && result.isConnected) && this.isStuckOnlyByGateway(orgId),
          }),
          ...this.#gatewayUnanswered(orgId, { isConnected: result.isConnected, isSuspect }),
        ];
      case "cut-off":
        return [];
    }
  }

  /**
   * Whether a witness is needed to tell if an organisation is stuck: one more task, drawn from all that it has, since
   * those that are due may be the ones that are never answered.
   *
   * @param isLast whether no other task of it is queued or in flight
   */
  needsWitness(orgId: string, isLast: boolean): boolean {
    const organisation = this.#organisations.get(orgId);
    if (!organisation || this.stuck(orgId)) return false;
    const { answers, unansweredTasks } = organisation;
    const isOneShort = isLast && answers === 0 && unansweredTasks.size === UNANSWERED_TASKS - 1;
    return isOneShort || unansweredTasks.size >= enoughUnanswered(organisation);
  }

  /** The index keys of an organisation's tasks that went unanswered, or were refused, since its last answer. */
  unansweredTasks(orgId: string): ReadonlySet<string> {
    return new Set(this.#organisations.get(orgId)?.unansweredTasks.keys());
  }

  /**
   * Notes that no witness was found. If the organisation has no other task, it is stuck. If the search was given up, it is
   * taken to be stuck, since a wrong guess costs only a probe. Two things speak against that: it has been answered in this
   * sweep; or it was answered recently, and at most one of its unanswered tasks is not a suspect.
   *
   * @param isCertain whether there is no other task
   * @param wasAnswered whether it was answered recently
   */
  foundNoWitness(
    orgId: string,
    reason: StuckReason,
    { isCertain, wasAnswered }: { isCertain: boolean; wasAnswered: boolean },
  ): HealthChange[] {
    if (!this.needsWitness(orgId, true)) return [];
    const { answers, unansweredTasks } = this.#organisation(orgId);
    const hasEnoughOthers = countOthers(unansweredTasks) >= UNANSWERED_TASKS;
    const isProof = isCertain || (answers === 0 && (hasEnoughOthers || !wasAnswered));
    return isProof ? this.#open("org", orgId, reason) : [];
  }

  #answered(orgId: string): HealthChange[] {
    const organisation = this.#organisation(orgId);
    organisation.answers++;
    organisation.unansweredTasks.clear();
    organisation.witnesses = 0;
    organisation.record ??= organisation.retried;
    organisation.retried = undefined;
    return [...this.#gatewayAnswered(orgId), ...this.#recovered(organisation)];
  }

  #gatewayAnswered(orgId: string): HealthChange[] {
    const { origin: url } = this.#organisation(orgId);
    if (!url) return [];
    const origin = this.#origin(url);
    origin.hasAnswered = true;
    if (!origin.record) return [];
    for (const other of origin.organisations) {
      if (other !== orgId && this.#organisation(other).record?.origin === url) this.retry(other);
    }
    return this.#recovered(origin);
  }

  #recovered(holder: Organisation | Origin): HealthChange[] {
    const { record } = holder;
    holder.record = undefined;
    if (record) this.#version++;
    return record ? [{ kind: "recovered", record }] : [];
  }

  /** If a limit is met after an answer, it only ends the calls in this sweep. Before any answer, it means stuck. */
  #limited(orgId: string): HealthChange[] {
    const { answers, record } = this.#organisation(orgId);
    const isProof = answers === 0 && (this.#doLimitsCount || record);
    return isProof ? this.#open("org", orgId, "throttled") : [];
  }

  #unanswered(
    orgId: string,
    task: string,
    reason: StuckReason,
    {
      isWitness,
      isSuspect,
      hasSuspects,
      confirmsGateway = false,
    }: { isWitness: boolean; isSuspect: boolean; hasSuspects: boolean; confirmsGateway?: boolean },
  ): HealthChange[] {
    const organisation = this.#organisation(orgId);
    organisation.unansweredTasks.set(task, isSuspect);
    if (isWitness) organisation.witnesses++;
    // If no call was made, none would be made for another task either.
    const isCertain = confirmsGateway || !wasCalled(reason);
    const { unansweredTasks, witnesses } = organisation;
    const areEnough = witnesses >= (hasSuspects ? WITNESSES_BESIDE_SUSPECTS : 1);
    // A suspect is the witness only if there is no other task.
    const isTelling = isSuspect || countOthers(unansweredTasks) >= UNANSWERED_TASKS;
    const isProven =
      isWitness && areEnough && isTelling && unansweredTasks.size >= enoughUnanswered(organisation);
    if (!isCertain && !organisation.record && !isProven) return [];
    return this.#open("org", orgId, reason);
  }

  #gatewayUnanswered(
    orgId: string,
    { isConnected, isSuspect }: { isConnected: boolean; isSuspect: boolean },
  ): HealthChange[] {
    const { origin: url, record } = this.#organisation(orgId);
    if (!url) return [];
    // That a suspect goes unanswered says nothing about the gateway, unless it proves that the organisation is stuck.
    if (isConnected && isSuspect && !record) return [];
    const origin = this.#origin(url);
    origin.unansweredOrganisations.add(orgId);
    const enough = Math.max(2, Math.min(UNANSWERED_ORGANISATIONS, origin.organisations.size));
    // A gateway that has answered in this sweep is not down, however many of its organisations go unanswered.
    const isDown = !origin.hasAnswered && (!isConnected || origin.unansweredOrganisations.size >= enough);
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
    // If it was stuck already, for another reason, the time of its next probe does not change.
    const waited = record ?? { scope, id, since: now, nextProbeAt: nextProbe(0, now), probes: 0 };
    holder.record = { ...waited, reason, fingerprint, origin };
    this.#version++;
    return [{ kind: "stuck", record: holder.record }];
  }

  #organisation(orgId: string): Organisation {
    let organisation = this.#organisations.get(orgId);
    if (!organisation) {
      organisation = {
        origin: undefined,
        fingerprint: undefined,
        answers: 0,
        unansweredTasks: new Map(),
        witnesses: 0,
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
      origin = {
        organisations: new Set(),
        hasAnswered: false,
        unansweredOrganisations: new Set(),
        record: undefined,
      };
      this.#origins.set(url, origin);
    }
    return origin;
  }
}

/** How many of the unanswered tasks are no suspects. */
function countOthers(unansweredTasks: Organisation["unansweredTasks"]): number {
  return [...unansweredTasks.values()].filter((isSuspect) => !isSuspect).length;
}

/** How many tasks without an answer prove that an organisation is stuck: as many as were answered, within limits. */
function enoughUnanswered({ answers }: Organisation): number {
  return Math.min(MOST_UNANSWERED_TASKS, Math.max(UNANSWERED_TASKS, answers));
}
