import { readFileSync } from "node:fs";

/** A code block of a document. */
export interface Block {
  /** What follows the fence: `sh`, `json`, or nothing. */
  language: string;
  text: string;
  /** The number of its first line. */
  line: number;
}

/** The code blocks of a document, in their order. */
export function blocksOf(document: string): Block[] {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), "utf8");
  return [...text.matchAll(/^```([a-z]*)\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] as string,
    text: match[2] as string,
    line: text.slice(0, match.index).split("\n").length + 1,
  }));
}

/** A block of commands that need a real account: its first line says so. */
export function isForAnAccount({ text }: Block): boolean {
  return text.startsWith("# In an AWS account\n");
}

/** A document whose commands all need one: one of its sentences says so. */
export function areAllForAnAccount(document: string): boolean {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), "utf8");
  return text.includes("The commands here need an AWS account");
}
