/**
 * Runs a program of this project, or none, if this version of Node is suitable:
 * `node infra/program/node.cjs [program [arguments]]`. Otherwise says in one line what is missing. Plain JavaScript, since
 * an older Node has to be able to read it.
 */
const { existsSync } = require("node:fs");
const { runMain } = require("node:module");
const { join, resolve } = require("node:path");

const modules = join(__dirname, "../../node_modules");
const needed = Number(require("../../package.json").devDependencies.node.split(".")[0]);

function trouble() {
  if (!existsSync(modules)) return "nothing is installed: run npm ci first";
  if (Number(process.versions.node.split(".")[0]) >= needed) return undefined;
  const problem = `this is Node ${process.version}, and Node ${needed} or newer is needed`;
  return existsSync(join(modules, "node/bin/node"))
    ? `${problem}: run this with npm, which uses the one in node_modules`
    : `${problem}: npm ci brings it when npm may run install scripts, so run that again without ignore-scripts`;
}

let unread = false;

/** Nobody reads on, as after `| head -1`: the program ends, in order if it has an order for that. */
function endUnread(error) {
  if (error.code !== "EPIPE") throw error;
  if (unread) return;
  unread = true;
  if (!process.emit("SIGTERM", "SIGTERM")) process.exit();
}

for (const stream of [process.stdout, process.stderr]) stream.on("error", endUnread);

const line = trouble();
const [program, ...rest] = process.argv.slice(2);
if (line) {
  console.error(line);
  process.exitCode = 1;
} else if (program) {
  process.argv = [process.argv[0], resolve(program), ...rest];
  // Not imported: the program shall know that it is the one that was started (`import.meta.main`).
  runMain();
}
