import { expect, it } from "vitest";
import { Unfinished } from "../../lib/time/unfinished.ts";

it("has ended once all work has, and what that has added", async () => {
  const unfinished = new Unfinished();
  await unfinished.onEnd();
  const steps = [1, 2, 3].map(() => Promise.withResolvers<void>());
  const [first, second, third] = steps as [PromiseWithResolvers<void>, ...PromiseWithResolvers<void>[]];
  unfinished.add(first.promise);
  unfinished.add(
    second?.promise.then(() => unfinished.add(third?.promise as Promise<void>)) as Promise<void>,
  );
  let hasEnded = false;
  const end = unfinished.onEnd().then(() => {
    hasEnded = true;
  });
  for (const step of [first, second, third]) {
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasEnded).toBe(false);
    step?.resolve();
  }
  await end;
});
