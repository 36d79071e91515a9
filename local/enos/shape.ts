/**
 * The form of an answer, where the vendor's documents allow or show more than one.
 */
export interface AnswerShape {
  /** `data` as one object, as a list of one, or as a list with entries of other tasks around it. */
  readonly data: "object" | "list" | "list-with-strangers";
  /** `progressCode` as the integer of the table or the string of the sample. */
  readonly progressCode: "integer" | "string";
  /** `dataSize` as newer editions give it, or left out as older ones do. */
  readonly dataSize: "absent" | "number" | "string";
  /** How a missing download URL is represented. */
  readonly missingUrl: "absent" | "empty" | "null";
  /** Whether the envelope has a `requestId`. */
  readonly requestId: "present" | "absent";
  /**
   * Where an error's code is put. `documented`: `code` for services, `status` for the token service and the gateway.
   * `older-gateway`: the same, but the gateway says `apim_status`. The others: that field for every error.
   */
  readonly errorField: "documented" | "older-gateway" | "code" | "status" | "apim_status";
  /** Whether an error comes with HTTP 200 or with the status that fits its code. */
  readonly errorHttpStatus: "ok" | "matching";
  /** The success field of a token answer, spelled correctly or as in one documented sample. */
  readonly tokenStatus: "status" | "stauts";
}

const DATA_FORMS = ["object", "list", "list-with-strangers", "object"] as const;
const SIZE_FORMS = ["number", "string", "absent", "number"] as const;
const URL_FORMS = ["absent", "empty", "null", "absent"] as const;

const SHAPES: AnswerShape[] = Array.from({ length: 1 << 11 }, (_, bits) => ({
  data: DATA_FORMS[bits & 3] ?? "object",
  progressCode: bits & 4 ? "string" : "integer",
  dataSize: SIZE_FORMS[(bits >> 3) & 3] ?? "number",
  missingUrl: URL_FORMS[(bits >> 5) & 3] ?? "absent",
  requestId: bits & 128 ? "absent" : "present",
  errorField: bits & 256 ? "older-gateway" : "documented",
  errorHttpStatus: bits & 512 ? "matching" : "ok",
  tokenStatus: bits & 1024 ? "stauts" : "status",
}));

/** The shape of answers about this id (of a task or an access key): always the same for the same id. */
export function shapeFor(id: string): AnswerShape {
  return SHAPES[spread(id) & (SHAPES.length - 1)] as AnswerShape;
}

/** FNV-1a with a final mix, so that ids that differ in their last character get very different hashes. */
export function spread(id: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) {
    value = Math.imul(value ^ id.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 15)) >>> 0;
}
