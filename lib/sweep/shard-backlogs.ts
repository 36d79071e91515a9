import type { BehindRecord } from "../store/behind-store.ts";
import { type Coverage, overlay } from "../store/coverage.ts";
import { Backlog } from "./backlog.ts";
import type { Breakers } from "./breakers.ts";

/** The backlogs of one shard's organisations. */
export class ShardBacklogs {
  readonly #breakers: Pick<Breakers, "stuck" | "version">;
  /** How far the shard had been checked before this sweep. */
  readonly #before: Coverage;
  readonly #backlogs = new Map<string, Backlog>();
  /** What {@link unstuck} returned, and for what. */
  #unstuckAt = { version: -1, size: -1, backlogs: [] as readonly Backlog[] };

  constructor(options: {
    /** The records of organisations that were behind when the sweep began. */
    behind: readonly BehindRecord[];
    /** How far the shard had been checked before this sweep, and the same of a record, corrected for wrong clocks. */
    window: { coverage: Coverage; corrected: (coverage: Coverage) => Coverage };
    breakers: Pick<Breakers, "stuck" | "version">;
  }) {
    const { behind, window, breakers } = options;
    this.#breakers = breakers;
    this.#before = window.coverage;
    for (const record of behind) {
      const { orgId, gaps } = record;
      const unread = overlay(window.coverage, window.corrected(gaps));
      this.#backlogs.set(orgId, new Backlog({ orgId, unread, record }));
    }
  }

  /** The backlog of an organisation, if it has one. */
  get(orgId: string): Backlog | undefined {
    return this.#backlogs.get(orgId);
  }

  /** The backlog of an organisation; an empty one if it had none. */
  of(orgId: string): Backlog {
    let backlog = this.#backlogs.get(orgId);
    if (!backlog) {
      backlog = new Backlog({ orgId, before: this.#before });
      this.#backlogs.set(orgId, backlog);
    }
    return backlog;
  }

  /** All of them. */
  values(): IterableIterator<Backlog> {
    return this.#backlogs.values();
  }

  /** Those of organisations that were behind when the sweep began. */
  get wereBehind(): Backlog[] {
    return [...this.#backlogs.values()].filter(({ record }) => record);
  }

  /** Those of organisations that are not stuck. They may be a few of thousands, and are needed after each call. */
  get unstuck(): readonly Backlog[] {
    const { version } = this.#breakers;
    const { size } = this.#backlogs;
    if (this.#unstuckAt.version !== version || this.#unstuckAt.size !== size) {
      const backlogs = [...this.#backlogs.values()].filter(({ orgId }) => !this.#breakers.stuck(orgId));
      this.#unstuckAt = { version, size, backlogs };
    }
    return this.#unstuckAt.backlogs;
  }
}
