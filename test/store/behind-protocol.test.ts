import { expect, it } from "vitest";
import { seeded } from "../../local/harness/random.ts";

/**
 * The protocol of `lib/store/behind-store.ts` and `lib/store/shard-store.ts`, as `lib/sweep/sweep.ts` follows it, in
 * small: one shard and one organisation with two tasks, whose watermarks stand in place of gaps; 0 is no gap. Every
 * step is one call to DynamoDB; between any two, others may come, and a lease may run out. What is searched for is a
 * sweep that takes a task for checked further than it was.
 */
type Gaps = [number, number];

interface World {
  shard: { watermark: number; owner: number; sweptBy: number };
  behind: { gaps: Gaps; next: Gaps | undefined; sweep: number } | undefined;
  /** Of each task: everything up to next was truly checked. */
  truth: Gaps;
  clock: number;
  problem: string | undefined;
}

/** What a variant of the protocol leaves out, to show that the search would find it. */
interface Flaws {
  takesAwayAtOnce?: boolean;
  ignoresShardsMark?: boolean;
  movesShardFirst?: boolean;
  writesUnconditionally?: boolean;
  removesUnconditionally?: boolean;
}

const none = (gaps: Gaps) => gaps.every((gap) => gap === 0);
const same = (a: Gaps, b: Gaps) => a[0] === b[0] && a[1] === b[1];
const lesser = (a: number, b: number) => (a === 0 || b === 0 ? a + b : Math.min(a, b));

/** One sweep; each `yield` is a moment at which others may run, or this one may freeze. */
function* sweeper(world: World, sweep: number, isChecked: [boolean, boolean], flaws: Flaws): Generator<void> {
  // Lease: whoever held it before may be frozen beyond its time.
  world.shard.owner = sweep;
  const shard = { ...world.shard };
  yield;
  const read = world.behind;
  const counts = read?.next !== undefined && (flaws.ignoresShardsMark || read.sweep === shard.sweptBy);
  const listed = read && {
    gaps: (counts ? read.next : read.gaps) as Gaps,
    isSettled: !counts,
    sweep: read.sweep,
  };
  yield;
  let before = listed;
  if (listed && none(listed.gaps)) {
    if (flaws.removesUnconditionally || world.behind?.sweep === listed.sweep) world.behind = undefined;
    before = undefined;
    yield;
  }
  const to = ++world.clock;
  const left: Gaps = [0, 0];
  for (const task of [0, 1] as const) {
    const covered = lesser(before?.gaps[task] ?? 0, shard.watermark);
    if (covered > world.truth[task]) {
      world.problem = `sweep ${sweep} began at ${covered}, and only ${world.truth[task]} was checked`;
    }
    if (isChecked[task]) world.truth[task] = Math.max(world.truth[task], to);
    else left[task] = covered;
  }
  yield;
  const release = () => {
    if (world.shard.owner === sweep) world.shard = { watermark: to, owner: sweep, sweptBy: sweep };
  };
  if (flaws.movesShardFirst) {
    release();
    yield;
  }
  if (before ? !before.isSettled || !same(left, before.gaps) : !none(left)) {
    const isAsRead =
      flaws.writesUnconditionally || world.behind === undefined || world.behind.sweep === before?.sweep;
    if (!isAsRead) return;
    const held: Gaps = [lesser(before?.gaps[0] ?? 0, left[0]), lesser(before?.gaps[1] ?? 0, left[1])];
    const isMore = same(held, left) || flaws.takesAwayAtOnce;
    if (isMore && none(left)) world.behind = undefined;
    else world.behind = { gaps: isMore ? left : held, next: isMore ? undefined : left, sweep };
    yield;
  }
  if (!flaws.movesShardFirst) release();
}

/** Lets some sweeps run in turns that chance decides; some freeze for good. The problem, if there was one. */
function search(runs: number, flaws: Flaws): string | undefined {
  const random = seeded(1);
  const chance = (below: number) => Math.floor(random() * below);
  for (let run = 0; run < runs; run++) {
    const world: World = {
      shard: { watermark: 1, owner: 0, sweptBy: 0 },
      behind: undefined,
      truth: [1, 1],
      clock: 1,
      problem: undefined,
    };
    let sweep = 0;
    const running: Generator<void>[] = [];
    for (let step = 0; step < 40 && !world.problem; step++) {
      if (running.length < 3 && chance(4) === 0) {
        running.push(sweeper(world, ++sweep, [chance(2) === 0, chance(2) === 0], flaws));
      }
      if (running.length === 0) continue;
      const index = chance(running.length);
      if (running[index]?.next().done || chance(40) === 0) running.splice(index, 1);
    }
    if (world.problem) return `run ${run}: ${world.problem}`;
  }
  return undefined;
}

it("never believes that a task was checked further than it was, in a million interleavings", () => {
  expect(search(1_000_000, {})).toBeUndefined();
});

it.each<Flaws>([
  { takesAwayAtOnce: true },
  { ignoresShardsMark: true },
  { movesShardFirst: true },
  { writesUnconditionally: true },
  { removesUnconditionally: true },
])("would be found out with %o", (flaws) => {
  expect(search(1_000_000, flaws)).toBeDefined();
});
