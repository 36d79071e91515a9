/** An organisation's keys, in a form that is known wherever it turns up. */
export function canaryKeys(orgId: string): { accessKey: string; secretKey: string } {
  return { accessKey: `canary-access-${orgId}`, secretKey: `canary-secret-${orgId}` };
}

/** Those keys, and the tokens that the EnOS simulator gives out. */
const CANARY = /canary-(?:access|secret)-|simulated-token-/;

/**
 * Every test's logs, answers and events go through here.
 *
 * @param where what the text is, for the message
 * @throws {Error} when the text holds a key or a token
 */
export function refuseCanaries(text: string, where: string): void {
  const at = text.search(CANARY);
  if (at >= 0) throw new Error(`a secret is in ${where}: …${text.slice(Math.max(0, at - 80), at + 40)}…`);
}
