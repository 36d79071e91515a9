/** `npm run docs`: generates documents from the code. */
import { writeFileSync } from "node:fs";
import { commandLine } from "../../infra/program/command-line.ts";
import { documents } from "./documents.ts";

commandLine("Generates documents from the code and prints their paths: npm run docs", {});

for (const [path, text] of Object.entries(documents())) {
  writeFileSync(new URL(`../../${path}`, import.meta.url), text);
  console.log(path);
}
