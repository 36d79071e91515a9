import { expect, it } from "vitest";
import { InFlight } from "../../lib/time/in-flight.ts";

it("starts work once for each key, however many wait for it, and anew once it has ended", async () => {
  const inFlight = new InFlight<string>();
  const started: string[] = [];
  const share = (key: string) =>
    inFlight.share(key, async () => {
      started.push(key);
      await Promise.resolve();
      return `${key} ${started.length}`;
    });

  expect(await Promise.all([share("a"), share("a"), share("b")])).toEqual(["a 2", "a 2", "b 2"]);
  expect(started).toEqual(["a", "b"]);
  expect(await share("a")).toBe("a 3");
});

it("fails for all who wait, and is tried anew by the next", async () => {
  const inFlight = new InFlight<string>();
  const failing = () => inFlight.share("a", () => Promise.reject(new Error("no")));

  const outcomes = await Promise.allSettled([failing(), failing()]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await inFlight.share("a", () => Promise.resolve("yes"))).toBe("yes");
});
