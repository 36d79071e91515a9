import { expect, it } from "vitest";
import { overlaps } from "./leases.ts";

const lease = (owner: string, from: number, to: number, shard = 1) => ({ shard, owner, from, to });

it("finds a lease that was granted while another sweep held the shard, and no other", () => {
  expect(overlaps([lease("a", 0, 10), lease("b", 9, 20)])).toEqual([
    "shard 1 was leased again 1 ms before it was free",
  ]);
  expect(overlaps([lease("b", 9, 20), lease("a", 0, 10)])).toHaveLength(1);
  expect(overlaps([lease("a", 0, 10), lease("b", 10, 20)])).toEqual([]);
  expect(overlaps([lease("a", 0, 10), lease("b", 5, 20, 2)])).toEqual([]);
  expect(overlaps([lease("a", 0, 10), lease("a", 5, 20)])).toEqual([]);
});
