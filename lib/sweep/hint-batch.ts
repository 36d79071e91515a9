import type { TaskKey } from "../tasks/key.ts";
import { secondsToNextTry } from "./hint-retry.ts";
import type { HintedChecks, HintOutcome } from "./hints.ts";
import type { SweepSummary } from "./summary.ts";

/** A message of the queue of hints. */
export interface HintMessage {
  /** The task that it names; undefined for a message that this service did not write. */
  task: TaskKey | undefined;
  /** How often it was received, this time included. */
  tries: number;
}

/** What became of a message. */
export interface ActedHint<Message extends HintMessage> {
  message: Message;
  outcome: HintOutcome | "unreadable";
  /** When to act on it again, in seconds from now; undefined if it is finished. */
  againInSeconds: number | undefined;
}

/**
 * Acts on a batch of messages.
 *
 * @param check checks tasks, each of which is named once, however many messages name it
 */
export async function actOnHints<Message extends HintMessage>(
  messages: readonly Message[],
  check: (tasks: readonly TaskKey[]) => Promise<HintedChecks>,
): Promise<{ acted: ActedHint<Message>[]; summary: SweepSummary }> {
  const tasks = new Map<string, TaskKey>();
  for (const { task } of messages) if (task) tasks.set(nameOf(task), task);
  const { outcomes, summary } = await check([...tasks.values()]);
  const outcomeOf = new Map([...tasks.keys()].map((name, index) => [name, outcomes[index]]));
  const acted = messages.map((message): ActedHint<Message> => {
    if (!message.task) return { message, outcome: "unreadable", againInSeconds: undefined };
    const outcome = outcomeOf.get(nameOf(message.task)) ?? "failed";
    return { message, outcome, againInSeconds: secondsToNextTry(outcome, message.tries) };
  });
  return { acted, summary };
}

function nameOf({ orgId, channelId, taskId }: TaskKey): string {
  return `${orgId}/${channelId}/${taskId}`;
}
