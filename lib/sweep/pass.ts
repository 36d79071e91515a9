import type { Coverage } from "../store/coverage.ts";
import { clip, type KeySpan, keysFrom } from "../store/key-span.ts";
import type { Backlog } from "./backlog.ts";

/** A position in a pass: a key in one of its legs. */
export interface Position {
  leg: number;
  key: string;
}

/**
 * One pass over a shard: which organisations it serves, and from where on it has left the tasks of some of them for
 * later. It waits for no organisation.
 */
export class Pass {
  /** Spans of index keys, in the order in which they are read. */
  readonly legs: readonly KeySpan[];
  /** What it serves of the organisations' backlogs. */
  readonly served: Coverage;
  readonly #backlogs: ReadonlyMap<string, Backlog>;
  readonly #left = new Map<string, Position>();

  constructor(options: {
    legs: readonly KeySpan[];
    /** The backlogs of the organisations that it serves. */
    backlogs: readonly Backlog[];
  }) {
    this.legs = options.legs;
    this.#backlogs = new Map(options.backlogs.map((backlog) => [backlog.orgId, backlog]));
    this.served = options.backlogs.flatMap((backlog) => backlog.begin());
  }

  /** Whether all organisations that it serves were left. */
  get isOver(): boolean {
    return this.#left.size >= this.#backlogs.size;
  }

  /** How far a task had been checked, if it is among what this pass serves of its organisation's backlog. */
  servedAt({ orgId, indexKey }: { orgId: string; indexKey: string }): number | undefined {
    return this.#backlogs.get(orgId)?.servedAt(indexKey);
  }

  /** Leaves an organisation's tasks for later, from this position on. */
  leave(orgId: string, position: Position): void {
    if (!this.#left.has(orgId)) this.#left.set(orgId, position);
  }

  /** Whether an organisation was left. */
  hasLeft(orgId: string): boolean {
    return this.#left.has(orgId);
  }

  /**
   * Ends the pass, and tells the backlogs what was read.
   *
   * @param stoppedAt from where on it was not completed; undefined if it was
   * @returns the spans that it has not read, of whichever organisation, and those of organisations that were left
   * without a backlog
   */
  end(stoppedAt: Position | undefined): { unread: KeySpan[]; left: Map<string, KeySpan[]> } {
    const unread = stoppedAt ? this.#from(stoppedAt) : [];
    const left = new Map([...this.#left].map(([orgId, position]) => [orgId, this.#from(position)]));
    for (const [orgId, backlog] of this.#backlogs) {
      backlog.end(left.get(orgId) ?? unread);
      left.delete(orgId);
    }
    return { unread, left };
  }

  /** The part of the pass that begins at a position. */
  #from({ leg, key }: Position): KeySpan[] {
    const [current, ...later] = this.legs.slice(leg) as [KeySpan, ...KeySpan[]];
    return [...clip([current], keysFrom(key)), ...later];
  }
}
