import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallerError } from "../../lib/http/errors.ts";
import { listRequestOf, pageCursor } from "../../lib/http/list.ts";
import { STATES } from "../../lib/tasks/state.ts";
import { apiEvent } from "../../local/harness/api-event.ts";
import { codePoint } from "../support/code-point.ts";

const asked = (query: string) => listRequestOf(apiEvent("list", query));
const refusal = (query: string) => {
  try {
    return asked(query);
  } catch (error) {
    return error instanceof CallerError ? error.message : error;
  }
};
const KEY = pageCursor({ sk: "ch-1#t1" });
const END = pageCursor({ sk: "ch-1#t1", finishedAt: 5 });

describe("the query of a list", () => {
  it("selects all tasks of an organisation, fifty a page, by default", () => {
    expect(asked("orgId=o1")).toStrictEqual({ orgId: "o1", limit: 50 });
    expect(asked("orgId=o1&state=&channelId=&finishedSince=&limit=&cursor=")).toEqual({
      orgId: "o1",
      limit: 50,
    });
  });

  it("may have states, a channel, a time and a cursor", () => {
    expect(asked(`orgId=o1&state=failed,succeeded&channelId=ch-1&limit=7&cursor=${KEY}`)).toEqual({
      orgId: "o1",
      states: ["failed", "succeeded"],
      channelId: "ch-1",
      limit: 7,
      after: { sk: "ch-1#t1" },
    });
    expect(asked(`orgId=o1&finishedSince=2026-11-24T19:56:38.041%2B01:00&cursor=${END}`)).toEqual({
      orgId: "o1",
      finishedSince: Date.UTC(2026, 10, 24, 18, 56, 38, 41),
      limit: 50,
      after: { sk: "ch-1#t1", finishedAt: 5 },
    });
  });

  it("may be signed in its query", () => {
    expect(asked("orgId=o1&X-Amz-Signature=abc&X-Amz-Date=20261124T000000Z")).toEqual({
      orgId: "o1",
      limit: 50,
    });
  });

  it.each([
    ["", "orgId is missing"],
    ["orgId=o1&orgId=o1", "orgId is given 2 times"],
    ["orgId=o1&stat=failed", "there is no parameter stat"],
    ["orgId=o1&my-x-amz-date=a", "there is no parameter my-x-amz-date"],
    ["orgId=o1&__proto__=a", "there is no parameter __proto__"],
    ["orgId=o1&constructor=a", "there is no parameter constructor"],
    [`orgId=o1&${"x".repeat(200)}=a`, `there is no parameter ${"x".repeat(64)}…`],
    ["orgId=o1&a%0Ab=c", "there is no parameter a?b"],
    ["orgId=o1&state=finished", /^state must be one or several of pending,/],
    ["orgId=o1&state=failed,", /^state must be one or several of pending,/],
    ["orgId=o1&state=failed&state=expired", "state is given 2 times"],
    [`orgId=o1&state=${Array(STATES.length + 1).fill("failed")}`, "state names a state twice"],
    ["orgId=o1&channelId=a.b", "channelId may have letters, digits, _ and - only, 128 at most"],
    ["orgId=o1&limit=0", "limit must be at least 1"],
    ["orgId=o1&limit=101", "limit must be at most 100"],
    ["orgId=o1&limit=1e2", "limit must be a whole number from 1 to 100"],
    ["orgId=o1&limit=0x10", "limit must be a whole number from 1 to 100"],
    ["orgId=o1&limit=-1", "limit must be a whole number from 1 to 100"],
    ["orgId=o1&finishedSince=2026-11-24T18:56:38+01:00x", /^finishedSince must be .+Z$/],
    ["orgId=o1&finishedSince=yesterday", /^finishedSince must be a date and a time with its zone/],
    ["orgId=o1&finishedSince=2026-11-24T18:56:38", /^finishedSince must be a date and a time with its zone/],
    [
      "orgId=o1&finishedSince=2026-11-24T18:56:38+01:00",
      /^finishedSince must be .+Z \(a \+ is %2B in a query\)$/,
    ],
    ["orgId=o1&finishedSince=2026-02-30T00:00:00Z", /^finishedSince must be a date and a time with its zone/],
    ["orgId=o1&finishedSince=1764010598041", /^finishedSince must be a date and a time with its zone/],
    [
      `orgId=o1&finishedSince=2026-11-24T18:56:38.${"0".repeat(99)}Z`,
      /^finishedSince must be a date and a time with its zone/,
    ],
    ["orgId=o1&cursor=!", "cursor is not valid"],
    ["orgId=o1&cursor=a", "cursor is not valid"],
    [`orgId=o1&cursor=${Buffer.from("k").toString("base64url")}`, "cursor is not valid"],
    [`orgId=o1&cursor=${Buffer.from("e#a").toString("base64url")}`, "cursor is not valid"],
    [
      `orgId=o1&cursor=${Buffer.from("e05#a").toString("base64url")}&finishedSince=2026-11-24T18:56:38Z`,
      "cursor is not valid",
    ],
    [`orgId=o1&cursor=${pageCursor({ sk: "x".repeat(1025) })}`, "cursor is not valid"],
    [`orgId=o1&cursor=${"A".repeat(2049)}`, "cursor is not valid"],
    [`orgId=o1&cursor=${END}`, /^cursor belongs to a list in another order/],
    [
      `orgId=o1&finishedSince=2026-11-24T18:56:38Z&cursor=${KEY}`,
      /^cursor belongs to a list in another order/,
    ],
  ])("is not %s", (query, message) => {
    expect(refusal(query)).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
  });

  it("that is not valid is told by the name of a parameter, as it was written", () => {
    const names = ["state", "channelId", "finishedSince", "limit", "cursor"];
    const query = fc.dictionary(fc.constantFrom(...names), fc.string({ maxLength: 9 }), { maxKeys: 5 });
    fc.assert(
      fc.property(query, (given) => {
        const message = refusal(String(new URLSearchParams({ orgId: "o1", ...given })));
        expect(message).not.toBeInstanceOf(Error);
        if (typeof message === "string") expect(names).toContain(message.split(" ")[0]);
      }),
    );
  });

  it("has a cursor for every position, and accepts its own cursors", () => {
    const longest = { sk: "x".repeat(1024) };
    expect(asked(`orgId=o1&cursor=${pageCursor(longest)}`).after).toEqual(longest);
    const sk = fc.string({ unit: codePoint, minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(sk, fc.option(fc.nat(8.64e15), { nil: undefined }), (sk, finishedAt) => {
        const position = { sk, ...(finishedAt !== undefined && { finishedAt }) };
        if (finishedAt !== undefined && finishedAt > 999_999_999_999_999) return;
        const since = finishedAt === undefined ? "" : "&finishedSince=2026-11-24T18:56:38Z";
        expect(asked(`orgId=o1&cursor=${pageCursor(position)}${since}`).after).toEqual(position);
      }),
    );
  });
});
