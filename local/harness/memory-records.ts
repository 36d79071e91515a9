import { gapsOfChange } from "../../lib/store/behind-store.ts";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import { mayLease, readShard, type Shard, type SweptShard } from "../../lib/store/shard-store.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";

/** A shard, with the sweep that leased it last. */
type OwnedShard = Shard & { leaseOwner: string | undefined };

/** Options of the records in memory. */
export interface MemoryRecordsOptions {
  /** Resolves after the latency of a call to the table. */
  latency: () => Promise<void>;
  /** Called for every write, even if its condition fails. */
  onWrite?: () => void;
}

/**
 * The sweeps' own records in memory, with the conditions of the real stores. A test checks that both behave the
 * same.
 */
export class MemoryRecords {
  readonly #latency: () => Promise<void>;
  readonly #onWrite: () => void;
  readonly shards = new Map<number, OwnedShard>();
  readonly behind = new Map<
    string,
    ReturnType<typeof gapsOfChange> & { origin: string | undefined; sweep: string }
  >();
  readonly health = new Map<string, HealthRecord>();
  /** How often the record of an organisation that is behind was written. */
  readonly behindWrites = new Map<string, number>();

  constructor({ latency, onWrite = () => {} }: MemoryRecordsOptions) {
    this.#latency = latency;
    this.#onWrite = onWrite;
  }

  async #write(): Promise<void> {
    await this.#latency();
    this.#onWrite();
  }

  /** The stores that sweeps use. */
  stores(): Pick<SweepDependencies, "shards" | "behind" | "health"> {
    return { shards: this.shardStore(), behind: this.behindStore(), health: this.healthStore() };
  }

  /** Announces a shard. @param watermark its initial watermark */
  announce(number: number, now: number, watermark = 0): void {
    const known = this.shards.get(number);
    this.shards.set(number, {
      ...(known ?? { ...neverSwept(number), checkpoint: { watermark, gaps: [] } }),
      announcedAt: Math.min(now, known?.announcedAt ?? now),
    });
  }

  shardStore(): SweepDependencies["shards"] {
    return {
      list: async (count) => {
        await this.#latency();
        const numbers = new Set([...Array(count).keys(), ...this.shards.keys()]);
        return Array.from(numbers, (number) => listed(this.shards.get(number) ?? neverSwept(number)));
      },
      lease: async (seen, sweep, now, until) => {
        await this.#write();
        const shard = this.shards.get(seen.number) ?? { ...neverSwept(seen.number), announcedAt: now };
        if (!mayLease(shard, seen, sweep, now)) return undefined;
        const leased = { ...shard, leaseUntil: until, leaseOwner: sweep };
        this.shards.set(seen.number, leased);
        return listed(leased);
      },
      isHeld: async (number, sweep) => {
        await this.#latency();
        return this.shards.get(number)?.leaseOwner === sweep;
      },
      release: async (number, sweep, swept?: SweptShard) => {
        await this.#write();
        const shard = this.shards.get(number);
        if (shard?.leaseOwner !== sweep) return false;
        const after = swept && { ...swept, writtenWatermark: swept.checkpoint.watermark, sweptBy: sweep };
        this.shards.set(number, { ...shard, ...after, leaseUntil: 0 });
        return true;
      },
    };
  }

  behindStore(): SweepDependencies["behind"] {
    return {
      list: async (shard, sweptBy) => {
        await this.#latency();
        return [...this.behind].flatMap(([key, { gaps, next, origin, sweep }]) => {
          const [number, orgId] = key.split("/") as [string, string];
          const counts = next !== undefined && sweep === sweptBy;
          if (number !== String(shard)) return [];
          return { orgId, gaps: counts ? next : gaps, origin, isSettled: !counts, sweep };
        });
      },
      write: async (shard, sweep, change) => {
        await this.#write();
        const { orgId, origin, before } = change;
        const key = `${shard}/${orgId}`;
        const now = this.behind.get(key);
        if (now && now.sweep !== before?.sweep && now.sweep !== sweep) return false;
        this.behindWrites.set(orgId, (this.behindWrites.get(orgId) ?? 0) + 1);
        this.behind.set(key, { ...gapsOfChange(change), origin, sweep });
        return true;
      },
      remove: async (shard, { orgId, sweep }) => {
        await this.#write();
        const key = `${shard}/${orgId}`;
        if (this.behind.get(key)?.sweep === sweep) this.behind.delete(key);
      },
    };
  }

  healthStore(): SweepDependencies["health"] {
    const keyOf = ({ scope, id }: Pick<HealthRecord, "scope" | "id">) => `${scope}#${id}`;
    return {
      list: async () => {
        await this.#latency();
        return [...this.health.values()].map((record) => ({ ...record }));
      },
      put: async (record) => {
        await this.#write();
        this.health.set(keyOf(record), record);
      },
      claimProbe: async (record, next) => {
        await this.#write();
        const now = this.health.get(keyOf(record));
        const isAsSeen = now?.nextProbeAt === record.nextProbeAt;
        const isOwn = now?.nextProbeAt === next && now.probes === record.probes + 1;
        if (!now || !(isAsSeen || isOwn)) return false;
        this.health.set(keyOf(record), { ...now, nextProbeAt: next, probes: record.probes + 1 });
        return true;
      },
      remove: async (record) => {
        await this.#write();
        const now = this.health.get(keyOf(record));
        if (now?.nextProbeAt === record.nextProbeAt) this.health.delete(keyOf(record));
      },
    };
  }
}

function neverSwept(number: number): OwnedShard {
  return { ...readShard(number, undefined), leaseOwner: undefined };
}

/** The shard as a sweep sees it. */
function listed({ leaseOwner, ...shard }: OwnedShard): Shard {
  return shard;
}
