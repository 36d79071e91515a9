/** `npm run osls -- <command> [--stage <stage>]`: osls with the settings of the stage's file. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { relative } from "node:path";
import { checkCommand } from "./osls-command.ts";
import { checkCredentials } from "./osls-credentials.ts";
import { STAGES } from "./stage.ts";
import { surroundings } from "./surroundings.ts";

const args = process.argv.slice(2);
try {
  const { stage, region, env, file, overridden } = surroundings(args, process.env, STAGES);
  const from = file ? relative(process.cwd(), file) : "the environment alone";
  console.error(`Stage ${stage} in ${region}, with settings from ${from}`);
  for (const name of overridden) console.error(`  ${name} is ${env[name]}, from the environment`);
  checkCommand(args, { stage, env });
  await checkCredentials(args, { stage, region, env });
  // Not in a plugin, since osls determines stage and region before it loads plugins.
  const osls = createRequire(import.meta.url).resolve("serverless/bin/serverless.js");
  const child = spawn(process.execPath, [osls, ...args], { env, stdio: "inherit" });
  // A terminal also signals the child, which then ends in order.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
