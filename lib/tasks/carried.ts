import * as z from "zod/mini";

/**
 * What a caller may attach to a task. It means nothing to this service, which returns it unchanged in the task's record
 * and event.
 */
export interface Carried {
  /** The caller's own id for what the task belongs to; null if it set none. */
  correlationId: string | null;
  /** The caller's own labels, by name; empty if it set none. */
  labels: Record<string, string>;
  /** The caller's position in a distributed trace (W3C Trace Context); null if it set none. */
  traceparent: string | null;
}

/** For a task whose caller attached nothing. */
export const NOTHING_CARRIED: Carried = { correlationId: null, labels: {}, traceparent: null };

/** Visible ASCII: what a header, a CloudEvents attribute and an SNS message attribute all carry unchanged. */
export const CorrelationId = z
  .string("must be text")
  .check(
    z.minLength(1, "must not be empty"),
    z.maxLength(128, "may have 128 characters at most"),
    z.regex(/^[\x21-\x7e]*$/, "may have letters, digits and punctuation of ASCII only, and no space"),
  );

/**
 * W3C Trace Context, version 00, with a trace and a parent that are not all zeros.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export const Traceparent = z
  .string("must be text")
  .check(
    z.maxLength(55, "must be a traceparent of W3C Trace Context, version 00"),
    z.regex(
      /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/,
      "must be a traceparent of W3C Trace Context, version 00",
    ),
  );

/** The most labels of a task, and the most bytes of all their names and texts together. */
const MAX_LABELS = 10;
export const MAX_LABEL_BYTES = 2048;

/** Begins with a letter, so that none is a property of JavaScript's own objects, such as `__proto__`. */
const LabelName = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(64),
    z.regex(
      /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/,
      "must begin with a letter and go on with letters, digits, _ . and -",
    ),
  );

/** Any text without control characters, which some receivers of messages refuse. */
const LabelText = z.string("must be text").check(
  z.maxLength(MAX_LABEL_BYTES, `may have ${MAX_LABEL_BYTES} characters at most`),
  z.regex(/^\P{Cc}*$/u, "must not have control characters"),
  z.refine((text) => text.isWellFormed(), "must be well-formed Unicode"),
);

/** Facts about a task, by name: ten at most, {@link MAX_LABEL_BYTES} of UTF-8 in all. */
export const Labels = z.record(LabelName, LabelText, "must be an object of texts").check(
  z.refine((labels) => Object.keys(labels).length <= MAX_LABELS, `may be ${MAX_LABELS} at most`),
  z.refine(
    (labels) => Buffer.byteLength(Object.entries(labels).flat().join("")) <= MAX_LABEL_BYTES,
    `may have ${MAX_LABEL_BYTES} bytes of names and texts at most`,
  ),
);
