import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import * as fc from "fast-check";
import { EventPublisher } from "../../../lib/events/publisher.ts";
import { BehindStore } from "../../../lib/store/behind-store.ts";
import { HealthStore } from "../../../lib/store/health-store.ts";
import { indexEntryOf } from "../../../lib/store/index-key.ts";
import { OpenTaskStore } from "../../../lib/store/open-task-store.ts";
import { ShardStore } from "../../../lib/store/shard-store.ts";
import { type Page, TaskStore } from "../../../lib/store/task-store.ts";
import { ENDED, Scene } from "../../support/scene.ts";
import type { Row, Scenario } from "../scenario.ts";
import {
  behindSpoilt,
  HEALTH_TRAPS,
  healthSpoilt,
  NO_SHARDS,
  NO_TASKS,
  SHARD_TRAPS,
  type StoredItem,
  shardSpoilt,
  taskSpoilt,
} from "./odd-items.ts";

/** The short version, too, has as many tables as it takes to use every trap. */
const SIZES = { short: { rounds: 5, items: 40 }, long: { rounds: 100, items: 200 } };
const ORG = "o1";
const CHANNEL = "ch-1";
const GOOD = 40;
const SHARDS = 6;
/** Sweeps, a minute apart, within which every readable task must have been announced. */
const SWEEPS = 5;

/**
 * Items and shard records that no version of this service has written, among valid ones. They are skipped, counted and
 * reported, and stop neither a sweep nor a caller.
 */
export const stored: Scenario = {
  name: "stored",
  async run({ size, seed, progress }) {
    const { rounds, items } = SIZES[size];
    const sweeps: Outcome[] = [];
    const calls: Outcome[] = [];
    for (let round = 0; round < rounds; round++) {
      const stage = await Spoilt.make(items, round, seed);
      await using _ = stage.scene;
      sweeps.push(await stage.sweep());
      calls.push(await stage.call());
      if (round % 10 === 9) progress(`${round + 1} of ${rounds} tables`);
    }
    return [row("items and shard records, swept", sweeps), row("items, read and written by callers", calls)];
  },
};

interface Outcome {
  times: number;
  lost: number;
  wrong: string[];
}

/** A table with good tasks, and with damaged items and shard records. */
class Spoilt {
  readonly scene: Scene;
  readonly #taskIds: string[];
  readonly #unreadable: string[] = [];

  private constructor(scene: Scene, taskIds: string[]) {
    this.scene = scene;
    this.#taskIds = taskIds;
  }

  static async make(count: number, round: number, baseSeed: number): Promise<Spoilt> {
    const seed = baseSeed + round;
    const scene = await Scene.start();
    scene.settings.shardCount = SHARDS;
    await scene.addOrganisation(ORG);
    const put = (item: StoredItem) =>
      scene.cloud.dynamodb.send(new PutItemCommand({ TableName: scene.db.table, Item: item }));
    await scene.track(ORG, GOOD, ENDED.succeeded, "good");
    const taskIds = Array.from({ length: count }, (_, index) => `odd${index}`);
    const changes = fc.sample(taskSpoilt, { numRuns: count, seed });
    await Promise.all(
      changes.map((spoil, index) => put(spoil(openItem(taskIds[index] as string, scene.time)))),
    );
    for (const sk of NO_TASKS) await put({ ...openItem("none", scene.time), sk: { S: sk } });
    for (const [number, spoil] of fc.sample(shardSpoilt, { numRuns: SHARDS, seed }).entries()) {
      const record = shardRecord(String(number), scene.time);
      // Every other table has traps, used in turn, so that a few tables are enough for all of them.
      const trap = SHARD_TRAPS[((round / 2) * SHARDS + number) % SHARD_TRAPS.length];
      await put(round % 2 === 0 ? { ...record, ...trap } : spoil(record));
    }
    for (const sk of NO_SHARDS) await put(shardRecord(sk, scene.time));
    // According to these records, the good tasks' organisation is behind and stuck.
    for (const [number, spoil] of fc.sample(behindSpoilt, { numRuns: SHARDS, seed }).entries()) {
      await put(spoil(behindRecord(number, scene.time)));
    }
    const [spoil] = fc.sample(healthSpoilt, { numRuns: 1, seed });
    const trap = HEALTH_TRAPS[round];
    const record = healthRecord(scene.time);
    await put(trap ? { ...record, ...trap } : (spoil as (item: StoredItem) => StoredItem)(record));
    return new Spoilt(scene, taskIds);
  }

  /** Sweeps a few times: every good task must be announced, although EnOS knows none of the others. */
  async sweep(): Promise<Outcome> {
    const { scene } = this;
    const dependencies = {
      shards: new ShardStore(this.scene.db),
      behind: new BehindStore(this.scene.db),
      health: new HealthStore(this.scene.db),
      openTasks: new OpenTaskStore({ db: this.scene.db, retentionDays: 30 }),
      events: new EventPublisher({ topicArn: scene.cloud.topicArn, client: scene.cloud.sns }),
    };
    const wrong: string[] = [];
    const told = new Set<string>();
    let unreadable = 0;
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      try {
        const summary = await scene.sweep({ dependencies });
        unreadable += summary.unreadable;
        if (Object.keys(summary.failed).length > 0) wrong.push(`failed ${JSON.stringify(summary.failed)}`);
        const unknown = summary.shards.filter((number) => number >= SHARDS);
        if (unknown.length > 0) wrong.push(`swept shards that are none: ${unknown}`);
      } catch (error) {
        wrong.push(`a sweep failed with ${error}`);
      }
      for (const { subject } of await scene.events()) told.add(subject);
    }
    const heard = scene.heard.filter(({ event }) => event === "unreadable").length;
    if (unreadable === 0) wrong.push("nothing was counted as unreadable");
    if (heard !== unreadable) wrong.push(`${unreadable} were counted and ${heard} told`);
    const lost = Array.from({ length: GOOD }, (_, index) => `good${index}`).filter((id) => !told.has(id));
    return { times: this.#taskIds.length + NO_TASKS.length + SHARDS, lost: lost.length, wrong };
  }

  /** Lists, gets, puts and deletes every item. */
  async call(): Promise<Outcome> {
    const { scene } = this;
    const onUnreadable = ({ sk }: { sk: unknown }) => void this.#unreadable.push(String(sk));
    const tracker = new TaskStore({
      db: this.scene.db,
      shardCount: SHARDS,
      retentionDays: 30,
      now: () => scene.time,
      onUnreadable,
    });
    const wrong: string[] = [];
    const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (error) {
        wrong.push(`${what} failed with ${error}`);
        return undefined;
      }
    };
    const listed = await attempt("list", () => this.#listAll(tracker));
    const good = listed?.filter((taskId) => taskId.startsWith("good")).length;
    if (good !== GOOD) wrong.push(`${good} of ${GOOD} good tasks were listed`);
    for (const sk of NO_TASKS) {
      if (!this.#unreadable.includes(sk)) wrong.push(`nobody was told of ${JSON.stringify(sk)}`);
    }
    for (const taskId of this.#taskIds) {
      const task = { orgId: ORG, channelId: CHANNEL, taskId };
      const before = await attempt("get", () => tracker.get(task));
      const put = await attempt("put", () => tracker.put(task));
      if (put?.created !== (before === undefined)) wrong.push(`put says created: ${put?.created}`);
      const after = await attempt("get", () => tracker.get(task));
      if (JSON.stringify(after) !== JSON.stringify(put?.record)) wrong.push(`${taskId} is not as it was put`);
      await attempt("delete", () => tracker.delete(task));
      if (await attempt("get", () => tracker.get(task))) wrong.push(`${taskId} is there after its deletion`);
    }
    return { times: 4 * this.#taskIds.length, lost: 0, wrong };
  }

  async #listAll(tracker: TaskStore): Promise<string[]> {
    const taskIds: string[] = [];
    let after: Page["after"] | undefined;
    do {
      const page: Page = await tracker.list({ orgId: ORG, limit: 7, ...(after && { after }) });
      taskIds.push(...page.tasks.map(({ taskId }) => taskId));
      after = page.after;
    } while (after !== null);
    return taskIds;
  }
}

function openItem(taskId: string, time: number): StoredItem {
  const { openShard, openKey } = indexEntryOf({ orgId: ORG, channelId: CHANNEL, taskId }, time, SHARDS);
  return {
    pk: { S: ORG },
    sk: { S: `${CHANNEL}#${taskId}` },
    openShard: { N: String(openShard) },
    openKey: { S: openKey },
    state: { S: "running" },
    stateSince: { N: String(time) },
    trackedAt: { N: String(time) },
  };
}

function shardRecord(sk: string, time: number): StoredItem {
  return {
    pk: { S: "#shards" },
    sk: { S: sk },
    announcedAt: { N: String(time - 120_000) },
    watermark: { N: String(time - 60_000) },
    gaps: { L: [] },
    sweptBy: { S: "an-earlier-sweep" },
    readWholeAt: { N: "0" },
    schedule: { M: { id: { S: "60000/11/290000" }, since: { N: String(time - 120_000) } } },
    behind: { M: { organisations: { N: "0" }, oldest: { N: "0" }, oldestAnswering: { N: "0" } } },
  };
}

function behindRecord(shard: number, time: number): StoredItem {
  const gap = { from: { S: "" }, to: { S: "~" }, watermark: { N: String(time - 60_000) } };
  return {
    pk: { S: `#behind#${shard}` },
    sk: { S: ORG },
    gaps: { L: [{ M: gap }] },
    sweep: { S: "an-earlier-sweep" },
  };
}

function healthRecord(time: number): StoredItem {
  return {
    pk: { S: "#health" },
    sk: { S: `org#${ORG}` },
    reason: { S: "unreachable" },
    since: { N: String(time - 60_000) },
    nextProbeAt: { N: String(time - 1_000) },
    probes: { N: "1" },
  };
}

function row(tried: string, outcomes: Outcome[]): Row {
  const sum = (of: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const wrong = outcomes.flatMap((outcome) => outcome.wrong);
  return {
    tried,
    times: sum(({ times }) => times),
    lost: sum(({ lost }) => lost),
    duplicated: 0,
    wrong: wrong.length,
    notes: wrong.slice(0, 10),
  };
}
