/** The name of a stage's stack, with which the names of its functions, queues and alarms begin. */
export function stackName(stage: string): string {
  return `enos-download-status-${stage}`;
}
