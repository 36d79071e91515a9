import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** JSON Schema (2020-12) with formats, for schemas as this project makes them. */
export function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return ajv;
}
