import type { OpenTask } from "../tasks/record.ts";

/** What names a task here: one that is tracked anew is another one. */
export type NamedTask = Pick<OpenTask, "orgId" | "indexKey">;

/** Values by task, up to a number of tasks: beyond it, the first are forgotten. */
export class TaskMap<Value> {
  readonly #most: number;
  /** By organisation and index key. No map is empty. */
  readonly #organisations = new Map<string, Map<string, Value>>();
  #size = 0;

  /** @param most the most tasks, of all organisations */
  constructor(most: number) {
    this.#most = most;
  }

  /** The value of a task; undefined if it has none. */
  get({ orgId, indexKey }: NamedTask): Value | undefined {
    return this.#organisations.get(orgId)?.get(indexKey);
  }

  /** The values of an organisation's tasks, by index key. */
  of(orgId: string): ReadonlyMap<string, Value> {
    return this.#organisations.get(orgId) ?? new Map();
  }

  /** Gives a task a value. */
  set(task: NamedTask, value: Value): void {
    const { orgId, indexKey } = task;
    if (this.get(task) === undefined) {
      if (this.#size === this.#most) this.#forgetOne();
      this.#size++;
    }
    const tasks = this.#organisations.get(orgId) ?? new Map<string, Value>();
    this.#organisations.set(orgId, tasks.set(indexKey, value));
  }

  /** Takes a task's value away, if it has one. */
  delete({ orgId, indexKey }: NamedTask): void {
    const tasks = this.#organisations.get(orgId);
    if (!tasks?.delete(indexKey)) return;
    this.#size--;
    if (tasks.size === 0) this.#organisations.delete(orgId);
  }

  #forgetOne(): void {
    const [orgId, tasks] = this.#organisations.entries().next().value as [string, Map<string, Value>];
    this.delete({ orgId, indexKey: tasks.keys().next().value as string });
  }
}
