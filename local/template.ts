import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { TableProperties } from "./aws/table.ts";

/** The table of `infra/table.yml`, as a deployment would create it. */
export function tableFromSource(): TableProperties {
  const text = readFileSync(new URL("../infra/table.yml", import.meta.url), "utf8");
  const template = parse(text, { customTags: [{ tag: "!Ref", resolve: (name: string) => ({ Ref: name }) }] });
  return template.Resources.TrackedTasksTable.Properties;
}
