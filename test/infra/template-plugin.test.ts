import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import TemplatePlugin from "../../infra/template-plugin.ts";
import { Authority } from "../support/certificate.ts";

const ROOT = join(import.meta.dirname, "../..");
let folder: string;
let caFile: string;
beforeAll(async () => {
  await mkdir(join(ROOT, ".tmp"), { recursive: true });
  folder = await mkdtemp(join(ROOT, ".tmp/plugin-"));
  caFile = relative(ROOT, join(folder, "ca.pem"));
  await writeFile(join(folder, "ca.pem"), new Authority("Example Company Root").pem);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

/** The plugin as osls loads it for a command. */
function plugin(commands: string[], options: { help?: boolean } = {}) {
  const serverless = { processedInput: { commands, options }, classes: { Error } };
  return new TemplatePlugin(serverless as never);
}

it.each([[["package"]], [["package", "function"]], [["deploy"]], [["deploy", "function"]]])(
  "osls %j, which packages functions, packages the private CA with them",
  (commands) => {
    vi.stubEnv("ENOS_API_BASE_URL", "https://apim.example.com");
    vi.stubEnv("ENOS_CA_FILE", caFile);
    const { value } = plugin(commands).configurationVariablesSources.deployment?.resolve({
      address: "enosFiles",
    }) ?? { value: undefined };
    expect(value).toEqual([caFile]);
  },
);

it("a command's help needs none of its settings", () => {
  vi.stubEnv("ENOS_API_BASE_URL", "");
  for (const commands of [["deploy"], ["deploy", "function"]]) {
    expect(() => plugin(commands)).toThrow("ENOS_API_BASE_URL is missing");
    expect(() => plugin(commands, { help: true })).not.toThrow();
  }
});
