import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EMPTY_HOME, REMEMBERED } from "./remembered.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const TEMPORARY = join(REPOSITORY, ".tmp");

/** The sources of a package, except for dependencies. */
const SOURCES = ["serverless.yml", "package.json", "tsconfig.json", "functions", "lib", "infra"];
/** Older packages are removed: their sources have changed since. */
const OLD_MS = 60 * 60_000;
const POLL_MS = 200;

/** The result of a run of osls. */
export interface OslsRun {
  code: number;
  /** Everything that it printed. */
  output: string;
  /** The folder with its output. */
  artefacts: string;
}

/**
 * Runs osls in a copy of the sources, with only the given environment: in place, concurrent runs would overwrite each
 * other's packages.
 *
 * @param temporary a folder inside the repository, so that Node finds the dependencies; the caller removes it
 * @param files additional files, by their paths in the project
 */
export async function runOsls(
  temporary: string,
  env: Record<string, string>,
  command: string,
  files: Record<string, string> = {},
): Promise<OslsRun> {
  const copy = await mkdtemp(join(temporary, "osls-"));
  for (const source of SOURCES) await cp(join(REPOSITORY, source), join(copy, source), { recursive: true });
  for (const [path, content] of Object.entries(files)) await writeFile(join(copy, path), content);
  await symlink(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
  const TMPDIR = await mkdtemp(join(temporary, "bundles-"));
  const bare = { PATH: process.env.PATH ?? "", HOME: EMPTY_HOME, TMPDIR, ...REMEMBERED, ...env };
  const program = join(REPOSITORY, "node_modules/serverless/bin/serverless.js");
  const artefacts = join(copy, ".serverless");
  try {
    const run = await promisify(execFile)(process.execPath, [program, command], { cwd: copy, env: bare });
    return { code: 0, output: run.stdout + run.stderr, artefacts };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr, artefacts };
  }
}

/**
 * The folder with what a deployment with callbacks, and otherwise default settings, would upload: the template, and
 * a zip for each function. Built only if the sources have changed since the last time; concurrent callers wait for the
 * first.
 */
export async function packagedService(): Promise<string> {
  const folder = join(TEMPORARY, `package-${await fingerprint()}`);
  await mkdir(TEMPORARY, { recursive: true });
  while (!(await exists(folder))) {
    const lock = `${folder}.lock`;
    if (await take(lock)) {
      try {
        if (!(await exists(folder))) await make(folder);
      } finally {
        await rm(lock);
      }
    } else {
      await delay(POLL_MS);
    }
  }
  return folder;
}

async function make(folder: string): Promise<void> {
  for (const name of await readdir(TEMPORARY)) {
    const path = join(TEMPORARY, name);
    if (!name.startsWith("package-") || name.endsWith(".lock")) continue;
    if (Date.now() - (await stat(path)).mtimeMs > OLD_MS) await rm(path, { recursive: true });
  }
  const temporary = await mkdtemp(join(TEMPORARY, "packaging-"));
  try {
    const { code, output, artefacts } = await runOsls(temporary, { CALLBACKS: "true" }, "package");
    if (code !== 0) throw new Error(`the service cannot be packaged:\n${output}`);
    await rename(artefacts, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The sources' contents, and the versions of what is installed, as 16 hex digits. */
async function fingerprint(): Promise<string> {
  const hash = createHash("sha256");
  const add = async (path: string) => hash.update(`${path}\n`).update(await readFile(join(REPOSITORY, path)));
  for (const source of [...SOURCES, "package-lock.json"]) {
    if (source.includes(".")) {
      await add(source);
      continue;
    }
    const entries = await readdir(join(REPOSITORY, source), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    for (const file of files.sort()) await add(file.slice(REPOSITORY.length));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Takes a lock, even from a process that no longer exists. */
async function take(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const holder = Number(await readFile(lock, "utf8").catch(() => ""));
  if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
