import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

/** What packages bring along for places other than Lambda, and the file here that stands in for it. */
const STAND_INS = [
  [/^@aws-sdk\/credential-provider-node$/, "credentials.ts"],
  [/\/node-config-provider\/configLoader$/, "load-config.ts"],
  [/^@smithy\/core\/event-streams$/, "unused.ts"],
  [/\/client-h2\.js$/, "unused.ts"],
] as const;

/** Leaves out of a bundle what no function gets to use. */
const standIns: Plugin = {
  name: "stand-ins",
  setup({ onResolve }) {
    for (const [filter, file] of STAND_INS) {
      const path = fileURLToPath(new URL(file, import.meta.url));
      onResolve({ filter }, () => ({ path }));
    }
  },
};

export default [standIns];
