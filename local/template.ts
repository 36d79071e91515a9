import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { TableProperties } from "./aws/table.ts";

/** The table as `infra/table.yml` describes it: what a deployment would create. */
export function tableFromSource(): TableProperties {
  const text = readFileSync(new URL("../infra/table.yml", import.meta.url), "utf8");
  const template = parse(text, { customTags: [{ tag: "!Ref", resolve: (name: string) => ({ Ref: name }) }] });
  return template.Resources.TrackedTasksTable.Properties;
}

/** The table as the packaged template describes it: what will be deployed. Needs `npm run package`. */
export function tableFromPackage(): TableProperties {
  const file = new URL("../.serverless/cloudformation-template-update-stack.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).Resources.TrackedTasksTable.Properties;
}
