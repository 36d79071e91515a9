import { expect, it, vi } from "vitest";
import { onAbort } from "../../lib/time/on-abort.ts";

it("calls all listeners when the signal fires, except for removed ones", () => {
  const controller = new AbortController();
  const listening = vi.spyOn(controller.signal, "addEventListener");
  const heard: number[] = [];
  const add = (number: number) => onAbort(controller.signal, () => heard.push(number));

  const takeOff = [0, 1, 2, 3].map(add);
  takeOff[1]?.();
  takeOff[3]?.();
  // In the slots of those two.
  add(4);
  add(5)();
  add(6);
  controller.abort();

  expect(heard.toSorted()).toEqual([0, 2, 4, 6]);
  expect(listening).toHaveBeenCalledTimes(1);
});
