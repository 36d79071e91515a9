import { stringify } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { asyncApi, dataSchema, eventSchema, VERSION } from "./events.ts";
import type { JsonSchema } from "./json-schema.ts";
import { openApi } from "./openapi.ts";

const NOTE = "Made by `npm run docs` from docs/generator: changes belong there.";

const yaml = (document: JsonSchema) =>
  `# ${NOTE}\n${stringify(document, { aliasDuplicateObjects: false, lineWidth: 110 })}`;
const json = (document: JsonSchema) => `${JSON.stringify({ ...document, $comment: NOTE }, null, 2)}\n`;

/** Every generated document, by its path in the repository. */
export function documents(): Record<string, string> {
  return {
    "docs/openapi.yaml": yaml(openApi(manifest.version)),
    "docs/asyncapi.yaml": yaml(asyncApi(manifest.version)),
    [`docs/schemas/event.v${VERSION}.json`]: json(eventSchema()),
    [`docs/schemas/event-data.v${VERSION}.json`]: json(dataSchema()),
  };
}
