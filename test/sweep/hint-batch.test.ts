import { describe, expect, it } from "vitest";
import { actOnHints, type HintMessage } from "../../lib/sweep/hint-batch.ts";
import { secondsToNextTry } from "../../lib/sweep/hint-retry.ts";
import type { HintOutcome } from "../../lib/sweep/hints.ts";
import { emptySummary } from "../../lib/sweep/summary.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";

const task = (taskId: string): TaskKey => ({ orgId: "o", channelId: "c", taskId });
const message = (name: string | undefined, tries = 1): HintMessage => ({
  task: name === undefined ? undefined : task(name),
  tries,
});

/** Acts on messages whose tasks have these outcomes, and records the tasks that are checked. */
async function act(messages: readonly HintMessage[], outcomes: Record<string, HintOutcome>) {
  const checked: string[] = [];
  const { acted } = await actOnHints(messages, async (tasks) => {
    checked.push(...tasks.map(({ taskId }) => taskId));
    return { outcomes: tasks.flatMap(({ taskId }) => outcomes[taskId] ?? []), summary: emptySummary() };
  });
  expect(acted.map(({ message }) => message)).toEqual(messages);
  return { checked, acted: acted.map(({ outcome, againInSeconds }) => [outcome, againInSeconds]) };
}

describe("a batch of hints", () => {
  it("has each of its tasks checked once, and each of its messages has the outcome of its task", async () => {
    const messages = [message("a"), message("b"), message("a", 2), message("c"), message("d", 7)];
    const { checked, acted } = await act(messages, { a: "open", b: "ended", c: "nothing", d: "failed" });
    expect(checked).toEqual(["a", "b", "c", "d"]);
    expect(acted).toEqual([
      ["open", 5],
      ["ended", undefined],
      ["open", 15],
      ["nothing", undefined],
      ["failed", secondsToNextTry("failed", 7)],
    ]);
  });

  it("knows tasks apart by all three ids", async () => {
    const tasks = [task("t"), { ...task("t"), orgId: "p" }, { ...task("t"), channelId: "d" }];
    const checked: TaskKey[] = [];
    await actOnHints(
      tasks.map((task) => ({ task, tries: 1 })),
      async (all) => {
        checked.push(...all);
        return { outcomes: [], summary: emptySummary() };
      },
    );
    expect(checked).toEqual(tasks);
  });

  it("drops a message that names no task", async () => {
    expect(await act([message(undefined), message("a")], { a: "ended" })).toEqual({
      checked: ["a"],
      acted: [
        ["unreadable", undefined],
        ["ended", undefined],
      ],
    });
  });

  it("tries a task again whose outcome is missing", async () => {
    expect((await act([message("a")], {})).acted).toEqual([["failed", 10]]);
  });
});

describe("trying a hint again", () => {
  it("takes a day for the hundred tries after which a hint is a dead letter", () => {
    let seconds = 0;
    for (let tries = 1; tries < 100; tries++) seconds += secondsToNextTry("failed", tries) ?? 0;
    expect(seconds / 3600).toBeGreaterThan(22);
    expect(seconds / 3600).toBeLessThan(26);
  });

  it("happens soon, and twice, for a running task, and never for one that has ended", () => {
    expect([1, 2, 3, 4].map((tries) => secondsToNextTry("open", tries))).toEqual([
      5,
      15,
      undefined,
      undefined,
    ]);
    expect(secondsToNextTry("ended", 1)).toBeUndefined();
    expect(secondsToNextTry("nothing", 1)).toBeUndefined();
  });
});
