import fc from "fast-check";

const SURROGATES = { from: 0xd800, count: 0x800 };

/** Any character of Unicode, as a unit of `fc.string`: its own `binary` is the same, and takes seconds to set up. */
export const codePoint = fc
  .nat(0x10ffff - SURROGATES.count)
  .map((number) => String.fromCodePoint(number < SURROGATES.from ? number : number + SURROGATES.count));
