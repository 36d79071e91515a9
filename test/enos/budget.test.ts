import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { CallBudget } from "../../lib/enos/budget.ts";
import { http, RawGateway, type Reply, TOKEN } from "./raw-gateway.ts";

const TASK = { orgId: "o1", channelId: "ch-1", taskId: "t1" };
const OVER = { name: "EnosError", kind: "timeout" };

/** Written after so many seconds. */
const delayed =
  (seconds: number, reply: Buffer): Reply =>
  (socket) =>
    setTimeout(() => socket.write(reply), seconds * 1000);

describe("the budget of a call", () => {
  it("interrupts whatever the call waits for when its time is over", async () => {
    for (const wait of [
      (budget: CallBudget) => budget.pause(60_000),
      (budget: CallBudget) => budget.waitFor(new Promise(() => {})),
      (budget: CallBudget) => new Promise((_resolve, reject) => budget.onEnd(reject)),
    ]) {
      using budget = new CallBudget({}, 20);
      await expect(wait(budget)).rejects.toMatchObject(OVER);
      await expect(wait(budget)).rejects.toMatchObject(OVER);
    }
  });

  it("interrupts when its signal fires, and begins nothing when it has", async () => {
    const controller = new AbortController();
    using budget = new CallBudget({ signal: controller.signal }, 60_000);
    const waiting = budget.pause(60_000);
    controller.abort();
    await expect(waiting).rejects.toMatchObject(OVER);
    using late = new CallBudget({ signal: controller.signal }, 60_000);
    await expect(late.waitFor(Promise.resolve(1))).rejects.toMatchObject(OVER);
  });

  it("interrupts only what is still awaited, and keeps earlier failures", async () => {
    using budget = new CallBudget({}, 30);
    expect(await budget.waitFor(Promise.resolve(1))).toBe(1);
    await expect(budget.waitFor(Promise.reject(new TypeError("own")))).rejects.toThrow("own");
    const late = Promise.withResolvers<number>();
    await expect(budget.waitFor(late.promise)).rejects.toMatchObject(OVER);
    // Nobody hears of it any more, and nobody has to.
    late.reject(new Error("late"));
  });

  it("is for all steps together, and for each step of a single attempt", async () => {
    using together = new CallBudget({}, 60);
    using each = new CallBudget({ singleAttempt: true }, 60);
    for (let step = 0; step < 3; step++) {
      together.nextStep();
      each.nextStep();
      await sleep(30);
    }
    expect(together.remainingMs).toBeLessThan(0);
    expect(each.remainingMs).toBeGreaterThan(0);
    await expect(together.pause(0)).rejects.toMatchObject(OVER);
    await each.pause(0);
    await expect(each.pause(1_000)).rejects.toMatchObject(OVER);
  });
});

/** Everything that takes seconds, side by side. */
describe("a slow gateway", () => {
  it.concurrent.each<[what: string, token: Reply, status: Reply, singleAttempt: boolean, came: string]>([
    [
      "that takes eight seconds for each is served by a sweep",
      delayed(8, TOKEN),
      delayed(8, http("200 OK")),
      true,
      "succeeded",
    ],
    ["that takes eight seconds is served by a lookup", TOKEN, delayed(8, http("200 OK")), false, "succeeded"],
    [
      "that takes six for each is too slow for a lookup",
      delayed(6, TOKEN),
      delayed(6, http("200 OK")),
      false,
      "timeout",
    ],
    ["that gives no token is given up by a sweep", () => {}, http("200 OK"), true, "timeout"],
    ["that gives no status is given up by a sweep", TOKEN, () => {}, true, "timeout"],
    ["that never comes to its end is given up by a sweep", TOKEN, (socket) => drip(socket), true, "timeout"],
  ])("%s", async (_, token, status, singleAttempt, came) => {
    await using gateway = await RawGateway.start();
    gateway.token = token;
    gateway.status = status;
    const call = gateway.client().getDownloadStatus(TASK, { singleAttempt });
    expect(
      await call.then(
        ({ state }) => state,
        ({ kind }) => kind,
      ),
    ).toBe(came);
  });
});

/** A header after the other, for ever. */
function drip(socket: Socket): void {
  socket.write("HTTP/1.1 200 OK\r\n");
  const timer = setInterval(() => socket.write("X: y\r\n"), 400);
  socket.on("close", () => clearInterval(timer));
}
