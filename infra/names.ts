/** The service's name, with which the names of its resources begin. */
export const SERVICE = "enos-download-status";

/** The name of a stage's stack, which is the prefix of its functions, queues and alarms. */
export function stackName(stage: string): string {
  return `${SERVICE}-${stage}`;
}

/** The id of the requests that `npm run doctor` makes through a function. */
export const DOCTORS_REQUEST = "doctor";
