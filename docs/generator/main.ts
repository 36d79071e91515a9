/** `npm run docs`: makes the documents that follow from the code. */
import { writeFileSync } from "node:fs";
import { commandLine } from "../../infra/command-line.ts";
import { documents } from "./documents.ts";

commandLine("Makes the documents that follow from the code, and says which they are: npm run docs", {});

for (const [path, text] of Object.entries(documents())) {
  writeFileSync(new URL(`../../${path}`, import.meta.url), text);
  console.log(path);
}
