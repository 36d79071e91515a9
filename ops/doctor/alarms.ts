import { type CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { DeployedStack } from "../../infra/changes.ts";
import type { Finding } from "../finding.ts";

/**
 * Alarms that are on, and those that are missing although the stack has them.
 *
 * @param prefix of their names
 */
export async function alarms(
  cloudWatch: CloudWatchClient,
  { resources }: Pick<DeployedStack, "resources">,
  prefix: string,
): Promise<Finding[]> {
  // A prefix would also match those of other stages.
  const names = Object.values(resources).flatMap((resource) => {
    const name = resource?.Properties?.AlarmName;
    return typeof name === "string" ? [name] : [];
  });
  if (names.length === 0) return [{ check: "alarms", ok: null, says: "the stack has none" }];
  const { MetricAlarms = [] } = await cloudWatch.send(
    new DescribeAlarmsCommand({ AlarmNames: names, MaxRecords: 100 }),
  );
  const states = new Map(MetricAlarms.map(({ AlarmName, StateValue }) => [AlarmName, StateValue]));
  const shortName = (name: string) => name.replace(prefix, "");
  const told = names.sort().flatMap((name): Finding[] => {
    const state = states.get(name);
    const problem =
      state === undefined
        ? {
            says: `${shortName(name)} is gone`,
            // A deployment does not put it back: its template is the same as before.
            todo: 'see docs/runbook.md, "Undo a change made by hand"',
          }
        : state === "ALARM" && {
            says: `${shortName(name)} is on`,
            todo: `see docs/runbook.md, "${shortName(name)}"`,
          };
    return problem ? [{ check: "alarms", ok: false, ...problem }] : [];
  });
  return told.length > 0 ? told : [{ check: "alarms", ok: true, says: `none of ${names.length} is on` }];
}

/** The number of messages in a dead-letter queue. */
export async function deadLetters(
  sqs: SQSClient,
  queueUrl: string,
  { of, todo }: { of: string; todo: string },
): Promise<Finding> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    }),
  );
  const count =
    Number(Attributes?.ApproximateNumberOfMessages ?? 0) +
    Number(Attributes?.ApproximateNumberOfMessagesNotVisible ?? 0);
  const says = `${count === 0 ? "none" : count} of ${of}`;
  return { check: "dead letters", ok: count === 0, says, todo: count === 0 ? undefined : todo };
}
