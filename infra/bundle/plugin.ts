import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Zippable, zip } from "fflate";
import { bundleFunctions } from "./bundle.ts";

interface Serverless {
  serviceDir: string;
  service: {
    functions: Record<string, { handler: string; package?: { artifact?: string; patterns?: string[] } }>;
  };
}

interface Log {
  notice(message: string): void;
}

/** A file that everybody may read, on Unix, and of the same local time always: equal contents have to make equal zips. */
const READABLE = { os: 3, attrs: 0o100644 << 16, mtime: new Date(1980, 0, 1) } as const;

/**
 * Packages the functions: each one's bundle, and the files that its `package.patterns` name, literally, in a zip of its
 * own.
 */
export default class BundlePlugin {
  readonly hooks = { "before:package:createDeploymentArtifacts": () => this.#package() };
  readonly #serverless: Serverless;
  readonly #log: Log;

  constructor(serverless: Serverless, _options: unknown, { log }: { log: Log }) {
    this.#serverless = serverless;
    this.#log = log;
  }

  async #package(): Promise<void> {
    const { serviceDir, service } = this.#serverless;
    const folder = await mkdtemp(join(tmpdir(), "enos-bundles-"));
    try {
      await bundleFunctions(folder);
      await mkdir(join(serviceDir, ".serverless"), { recursive: true });
      for (const [name, definition] of Object.entries(service.functions)) {
        const bundle = definition.handler.replace(/\.handler$/, ".cjs");
        const files: Zippable = { [bundle]: [await readFile(join(folder, bundle)), READABLE] };
        for (const file of definition.package?.patterns ?? []) {
          files[file] = [await readFile(join(serviceDir, file)), READABLE];
        }
        const artifact = join(".serverless", `${name}.zip`);
        const content = await zipped(files);
        await writeFile(join(serviceDir, artifact), content);
        const size = Math.ceil(content.length / 1024);
        this.#log.notice(`${name.padEnd(8)}${String(size).padStart(5)} kB  ${name}.zip`);
        definition.package = { ...definition.package, artifact };
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  }
}

function zipped(files: Zippable): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    zip(files, { level: 9 }, (error, data) => (error ? reject(error) : resolve(data)));
  });
}
