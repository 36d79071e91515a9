import { writeFile } from "node:fs/promises";
import { simulate } from "./simulation/report.ts";

const PLOT = "checks-and-delay.svg";

const { text, svg } = await simulate({ tasks: 10_000, seeds: [1, 2, 3, 4, 5, 6, 7] }, PLOT);
const report = `# Benchmark\n\nWritten by \`npm run bench\`.\n\n${text}\n`;
await writeFile(new URL(PLOT, import.meta.url), svg);
await writeFile(new URL("report.md", import.meta.url), report);
console.log(report);
