/** The name of a stage's stack, which is the prefix of its functions, queues and alarms. */
export function stackName(stage: string): string {
  return `enos-download-status-${stage}`;
}
