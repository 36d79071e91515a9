/** After this many items, a list drops those that have left it: one that is never empty would keep them all. */
const TRIM_AT = 1_024;

/** An item that may say where it comes from: a shard, or an organisation. */
interface FromSource {
  source?: number | string;
}

/** The queued items from one source. Those before `head` have left. */
interface Line<Item> {
  items: Item[];
  head: number;
}

/** A queue whose items come from several sources, which take turns. */
export class TurnQueue<Item extends FromSource> {
  readonly #lines = new Map<number | string, Line<Item>>();
  /** The sources with items, in the order of their turns. */
  #turns: (number | string)[] = [];
  #length = 0;

  /** How many items are queued. */
  get length(): number {
    return this.#length;
  }

  /** Queues an item. */
  add(item: Item): void {
    const source = item.source ?? 0;
    let line = this.#lines.get(source);
    if (!line) {
      line = { items: [], head: 0 };
      this.#lines.set(source, line);
    }
    if (line.items.length === line.head) this.#turns.push(source);
    line.items.push(item);
    this.#length++;
  }

  /** Removes the next item, or any one; undefined if there is none. */
  take(isAny = false): Item | undefined {
    if (this.#turns.length === 0) return undefined;
    if (isAny) swap(this.#turns, 0, this.#turns.length);
    const source = this.#turns.shift() as number | string;
    const line = this.#lines.get(source) as Line<Item>;
    const { items, head } = line;
    if (isAny) swap(items, head, items.length);
    const item = items[line.head++] as Item;
    this.#length--;
    if (line.head < line.items.length) this.#turns.push(source);
    if (line.head >= TRIM_AT || line.head === line.items.length) {
      line.items = line.items.slice(line.head);
      line.head = 0;
    }
    return item;
  }

  /** Removes all items, and returns them. */
  clear(): Item[] {
    const items = [...this.#lines.values()].flatMap((line) => line.items.slice(line.head));
    this.#lines.clear();
    this.#turns = [];
    this.#length = 0;
    return items;
  }
}

/** Exchanges an item with any of those from it to an end. */
function swap<Item>(items: Item[], from: number, to: number): void {
  const other = from + Math.floor(Math.random() * (to - from));
  [items[from], items[other]] = [items[other] as Item, items[from] as Item];
}
