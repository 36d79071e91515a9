import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { TerminalEvent } from "../../lib/events/event.ts";
import type { Database } from "../../lib/store/table.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { TerminalState } from "../../lib/tasks/state.ts";

/** A task whose end is known beforehand. */
export interface ExpectedTask extends TaskKey {
  state: TerminalState;
}

/** What was found to be lost, duplicated or wrong. */
export interface Findings {
  lost: number;
  duplicated: number;
  wrong: string[];
}

/** Compares what subscribers received, and the table's final content, with what must have happened. */
export class Ledger {
  readonly #expected = new Map<string, ExpectedTask>();
  readonly #events = new Map<string, TerminalEvent[]>();
  readonly #strangers: string[] = [];

  expect(tasks: Iterable<ExpectedTask>): void {
    for (const task of tasks) this.#expected.set(nameOf(task), task);
  }

  hear(event: TerminalEvent): void {
    const name = nameOf(event.data);
    if (!this.#expected.has(name)) this.#strangers.push(name);
    const events = this.#events.get(name);
    if (events) events.push(event);
    else this.#events.set(name, [event]);
  }

  /** The events about a task, in the order of their arrival. */
  eventsOf(task: TaskKey): readonly TerminalEvent[] {
    return this.#events.get(nameOf(task)) ?? [];
  }

  /** How many of an organisation's tasks there were events about. */
  heardOf(orgId: string): number {
    return [...this.#events.values()].filter(([first]) => first?.data.orgId === orgId).length;
  }

  /** Makes the comparison, once everything has happened. */
  async audit(db: Database): Promise<Findings> {
    const wrong = this.#strangers.map((name) => `${name}: an event about a task that was never tracked`);
    const names = new Map<string, string>();
    let lost = 0;
    let duplicated = 0;
    for (const [name, { state }] of this.#expected) {
      const events = this.#events.get(name) ?? [];
      if (events.length === 0) {
        lost++;
        continue;
      }
      const ids = new Set(events.map(({ id }) => id));
      duplicated += events.length - ids.size;
      if (ids.size > 1) wrong.push(`${name}: ${ids.size} ids for one fact`);
      for (const id of ids) {
        const other = names.get(id);
        if (other !== undefined) wrong.push(`${name}: has the id of ${other}`);
        names.set(id, name);
      }
      const states = new Set(events.map(({ data }) => data.state));
      if (states.size > 1 || !states.has(state)) wrong.push(`${name}: ${[...states]} instead of ${state}`);
    }
    wrong.push(...(await this.#auditTable(db)));
    return { lost, duplicated, wrong };
  }

  async #auditTable(db: Database): Promise<string[]> {
    const wrong: string[] = [];
    const records = new Map<string, Record<string, unknown>>();
    for (const item of await allItems(db)) {
      if (item.pk !== "#shards") records.set(`${item.pk}#${item.sk}`, item);
      else if (isLeased(item)) wrong.push(`shard ${item.sk} is still leased`);
    }
    for (const [name, { state }] of this.#expected) {
      const record = records.get(name);
      if (!record) wrong.push(`${name}: has no record`);
      else if (record.openShard !== undefined) wrong.push(`${name}: is still open (${record.state})`);
      else if (record.state !== state)
        wrong.push(`${name}: is ${record.state} on record instead of ${state}`);
    }
    return wrong;
  }
}

/** Whether an item is the record of a shard that is leased now. */
export function isLeased({ leaseUntil }: Record<string, unknown>): boolean {
  return typeof leaseUntil === "number" && leaseUntil > Date.now();
}

/** Everything in the table. */
export async function allItems(db: Database): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let next: Record<string, unknown> | undefined;
  do {
    const page = await db.client.send(
      new ScanCommand({ TableName: db.table, ConsistentRead: true, ExclusiveStartKey: next }),
    );
    items.push(...(page.Items ?? []));
    next = page.LastEvaluatedKey;
  } while (next);
  return items;
}

function nameOf({ orgId, channelId, taskId }: TaskKey): string {
  return `${orgId}#${channelId}#${taskId}`;
}
