import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStageFile } from "../../ops/stage-file.ts";
import { codePoint } from "../support/code-point.ts";

const parse = (text: string) =>
  Object.fromEntries(parseStageFile(text, "prod.env", ["A", "B", "JWT_AUDIENCE"]));

describe("a stage's file", () => {
  it("has settings, empty lines and comments, one a line", () => {
    expect(parse("\uFEFF# of production\r\n\r\nA=1\r\n  B = two words \n\t# the end\n")).toEqual({
      A: "1",
      B: "two words",
    });
    expect(parse("")).toEqual({});
    expect(parse("A=")).toEqual({ A: "" });
  });

  it.each([
    ["A=a,b, c", "a,b, c"],
    ["A=$HOME $(id) `", undefined],
    ["A=$HOME $(id)", "$HOME $(id)"],
    ["A=\"two words, # and 'quotes'\"", "two words, # and 'quotes'"],
    ["A='a \"b\" \\ `c` # d'", 'a "b" \\ `c` # d'],
    ['A=""', ""],
    ["A=https://x.example/?a=b&c=d", "https://x.example/?a=b&c=d"],
    ["A=a#b", undefined],
    ["A=a # b", undefined],
    ['A="a" # b', undefined],
    ['A="a\\nb"', undefined],
    ['A="a', undefined],
    ["A='a'b", undefined],
    ['A=a"b"', undefined],
    ["A=a\\", undefined],
    ["A: a", undefined],
    ["A", undefined],
    ["=a", undefined],
    ["export A=a", undefined],
    ["1A=a", undefined],
    ["A =a\u0000", undefined],
    ["A=a\rB=b", undefined],
  ])("takes %j for %j", (line, value) => {
    if (value === undefined) expect(() => parse(`\n${line}`)).toThrow(/^prod\.env, line 2/);
    else expect(parse(line)).toEqual({ A: value });
  });

  it("must not contain a setting twice, an unknown setting, a secret or its own stage", () => {
    expect(() => parse("A=1\nA=1")).toThrow("prod.env, line 2: A is set twice");
    expect(() => parse("JWT_AUDIENCES=x")).toThrow("there is no setting JWT_AUDIENCES");
    expect(() => parse("ENOS_SECRET_KEY=x")).toThrow("there is no setting ENOS_SECRET_KEY");
    expect(() => parse("STAGE=qa")).toThrow("STAGE is set by the name of the file");
  });

  it("keeps any text in single quotes", () => {
    const value = fc
      .string({ unit: codePoint })
      .filter((text) => !/['\p{Cc}]/u.test(text) && text.isWellFormed());
    fc.assert(fc.property(value, (text) => parse(`A='${text}'`).A === text));
  });
});
