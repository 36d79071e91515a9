import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

/** Modules that are not needed in Lambda, and the file here that replaces each. */
const STAND_INS = [
  [/^@aws-sdk\/credential-provider-node$/, "credentials.ts"],
  [/\/node-config-provider\/configLoader$/, "load-config.ts"],
  [/^@smithy\/core\/event-streams$/, "unused.ts"],
  [/\/client-h2\.js$/, "unused.ts"],
] as const;

/** Removes modules from a bundle that no function uses. */
export const standIns: Plugin = {
  name: "stand-ins",
  setup({ onResolve }) {
    for (const [filter, file] of STAND_INS) {
      const path = fileURLToPath(new URL(file, import.meta.url));
      onResolve({ filter }, () => ({ path }));
    }
  },
};
