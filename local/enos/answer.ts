import type { AnswerShape } from "./shape.ts";

/** An answer to a caller: an HTTP status and JSON text. */
export interface Answer {
  readonly httpStatus: number;
  readonly body: string;
  /** The EnOS code: 0 for success. */
  readonly code: number;
}

/** Why a call is refused, with the vendor's code for it, and which part of EnOS refuses it. */
export interface Refusal {
  readonly code: number;
  readonly msg: string;
  readonly by: "token service" | "gateway" | "service";
}

let answers = 0;

/** A unique number for each answer; random numbers would cost more than the rest of the answer. */
export function nextRequestId(): string {
  answers += 1;
  return `sim-${answers.toString(36)}`;
}

/** A refusal in the given shape. */
export function refuse(refusal: Refusal, shape: AnswerShape): Answer {
  const field = errorField(refusal, shape);
  return refuseIn(field, refusal, shape.errorHttpStatus === "ok" ? 200 : httpStatusOf(refusal.code), shape);
}

function errorField(refusal: Refusal, shape: AnswerShape): "code" | "status" | "apim_status" {
  if (shape.errorField !== "documented" && shape.errorField !== "older-gateway") return shape.errorField;
  if (refusal.by === "service") return "code";
  return refusal.by === "gateway" && shape.errorField === "older-gateway" ? "apim_status" : "status";
}

/** A refusal with its code in this field and with this HTTP status. */
export function refuseIn(
  field: "code" | "status" | "apim_status",
  refusal: Refusal,
  httpStatus: number,
  shape: AnswerShape,
): Answer {
  const envelope = {
    [field]: refusal.code,
    msg: refusal.msg,
    ...(shape.requestId === "present" ? { requestId: nextRequestId() } : undefined),
    data: null,
  };
  return { httpStatus, body: JSON.stringify(envelope), code: refusal.code };
}

/** The HTTP status that fits an EnOS code: the last three digits of a service's code, else by its meaning. */
function httpStatusOf(code: number): number {
  if (code >= 10_000) {
    const status = code % 1_000;
    return status >= 400 && status < 600 ? status : 500;
  }
  if (code === 1005) return 500;
  return code === 1003 || code === 1203 || code === 4011 || code === 4012 ? 401 : 400;
}
