/** An organisation's keys, in a form that can be recognised anywhere. */
export function canaryKeys(orgId: string): { accessKey: string; secretKey: string } {
  return { accessKey: `canary-access-${orgId}`, secretKey: `canary-secret-${orgId}` };
}

/** Those keys, and the tokens that the EnOS simulator gives out. */
const CANARY = /canary-(?:access|secret)-|simulated-token-/;

/**
 * The logs, answers and events of all tests are checked with this.
 *
 * @param where what the text is, for the message
 * @throws {Error} if the text contains a key or a token
 */
export function refuseCanaries(text: string, where: string): void {
  const at = text.search(CANARY);
  if (at >= 0) throw new Error(`a secret is in ${where}: …${text.slice(Math.max(0, at - 80), at + 40)}…`);
}
