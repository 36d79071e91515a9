import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EnosError } from "../../lib/enos/errors.ts";
import { parseStatus } from "../../lib/enos/status.ts";

const task = { orgId: "o1", channelId: "ch-1", taskId: "t1" };
const nothing = { ...task, downloadUrl: null, progressDesc: null, dataSize: null };

describe("reading a status", () => {
  it.each([
    [0, "waiting", false],
    [1, "running", false],
    [2, "failed", true],
    [3, "succeeded", true],
    [4, "cancelling", false],
    [5, "cancelled", true],
    [6, "expiring", false],
    [7, "expired", true],
    [99, "unknown", false],
    [-1, "unknown", false],
  ])("takes code %i, as integer and as string, for %s", (progressCode, state, terminal) => {
    const expected = { ...nothing, progressCode, state, terminal };
    expect(parseStatus(task, { taskId: "t1", progressCode })).toEqual(expected);
    expect(parseStatus(task, { taskId: "t1", progressCode: String(progressCode) })).toEqual(expected);
    expect(
      parseStatus(task, [
        { taskId: "x", progressCode: 3 },
        { taskId: "t1", progressCode },
      ]),
    ).toEqual(expected);
  });

  it("treats missing, empty and null fields alike", () => {
    expect(parseStatus(task, { progressCode: 1, downloadUrl: "", dataSize: null })).toMatchObject(nothing);
    expect(parseStatus(task, { progressCode: 1, dataSize: "12" }).dataSize).toBe(12);
    expect(parseStatus(task, { progressCode: 1, dataSize: "big", progressDesc: 5 })).toMatchObject(nothing);
    expect(parseStatus(task, { progressCode: 3, downloadUrl: "http://files/x.zip" }).downloadUrl).toBe(
      "http://files/x.zip",
    );
  });

  it("knows a task by an id that is a number, too", () => {
    expect(parseStatus({ ...task, taskId: "7" }, [{ taskId: 7, progressCode: 3 }]).state).toBe("succeeded");
  });

  it("says what is wrong", () => {
    expect(() => parseStatus(task, {})).toThrow("EnOS answered without a status of the documented shape");
    expect(() => parseStatus(task, { taskId: "t2", progressCode: 3 })).toThrow(
      "EnOS answered for another task",
    );
  });

  it.each([
    ["another task", { taskId: "t2", progressCode: 3 }],
    ["a list of strangers", [{ taskId: "t2", progressCode: 3 }]],
    ["a list whose entry has no id", [{ progressCode: 3 }]],
    ["an empty list", []],
    ["no code", { taskId: "t1" }],
    ["a broken code", { taskId: "t1", progressCode: "3.5" }],
    ["nothing", undefined],
    ["an id that is not even text", [{ taskId: { toString: 1 }, progressCode: 3 }]],
    ["a URL that fits no event", { progressCode: 3, downloadUrl: `http://x/${"y".repeat(9000)}` }],
  ])("refuses %s", (_, data) => {
    expect(() => parseStatus(task, data)).toThrow(expect.objectContaining({ kind: "malformed" }));
  });

  it("produces text that DynamoDB and SNS accept: well-formed, even if truncated", () => {
    const { progressDesc, downloadUrl } = parseStatus(task, {
      progressCode: 3,
      progressDesc: "😀".repeat(300).slice(1),
      downloadUrl: "http://files/\ud800",
    });
    expect(progressDesc?.isWellFormed()).toBe(true);
    expect(downloadUrl).toBe("http://files/\ufffd");
  });

  it("returns a status of the documented shape, or reports that there is none", () => {
    fc.assert(
      fc.property(fc.anything(), (data) => {
        try {
          expect(Number.isInteger(parseStatus(task, data).progressCode)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(EnosError);
        }
      }),
    );
  });
});
