/** An index of a table in CloudFormation. */
export interface TableIndex {
  IndexName: string;
  KeySchema: unknown;
  Projection: unknown;
}

/**
 * Why DynamoDB would refuse a change of a table's indexes: an update can create or delete one index, and cannot change
 * any (API reference, UpdateTable). Undefined if it would not.
 */
export function indexChangeProblem(
  before: readonly TableIndex[],
  after: readonly TableIndex[],
): string | undefined {
  const shapeOf = ({ KeySchema, Projection }: TableIndex) => canonical([KeySchema, Projection]);
  const old = new Map(before.map((index) => [index.IndexName, shapeOf(index)]));
  const altered = after.filter(
    (index) => old.has(index.IndexName) && old.get(index.IndexName) !== shapeOf(index),
  );
  if (altered.length > 0) {
    return `the index ${altered[0]?.IndexName} cannot be altered: give the new one another name`;
  }
  const names = after.map(({ IndexName }) => IndexName);
  const made = names.filter((name) => !old.has(name));
  const removed = [...old.keys()].filter((name) => !names.includes(name));
  if (made.length + removed.length <= 1) return undefined;
  const steps = [...made.map((name) => `makes ${name}`), ...removed.map((name) => `removes ${name}`)];
  return `one update may change one index, and this ${steps.join(" and ")}`;
}

/** JSON that does not depend on the order of properties. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
