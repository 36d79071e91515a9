/** The attribute of a mark, an item which only remembers that tracking of its task was stopped: when, in Unix milliseconds. */
export const MARK = "endedTrackingAt";

/** Condition: the item is such a mark. */
export const IS_MARK = `attribute_exists(${MARK})`;

/** Whether an item is such a mark. */
export function isMark(item: Record<string, unknown>): boolean {
  return MARK in item;
}
