import { type Answered, jsonAnswer, queryAnswer, queryRefusal } from "./query-protocol.ts";

/** A local stack: its outputs, and the alarms that it would have. */
export interface LocalStackOptions {
  name: string;
  outputs: Record<string, string>;
  /** The states of alarms by name; empty in a local run. */
  alarms?: Record<string, "OK" | "ALARM" | "INSUFFICIENT_DATA">;
}

/** Answers for CloudFormation and CloudWatch about a stack that runs locally. */
export class LocalStack {
  /** The status, as CloudFormation names it. */
  status = "CREATE_COMPLETE";
  readonly name: string;
  readonly outputs: Record<string, string>;
  readonly alarms: Record<string, string>;

  constructor({ name, outputs, alarms = {} }: LocalStackOptions) {
    this.name = name;
    this.outputs = outputs;
    this.alarms = alarms;
  }

  /** @param service the service name in the request's signature */
  answer(service: string, body: Buffer): Answered {
    if (service === "monitoring") return this.#describeAlarms(JSON.parse(body.toString()));
    if (service === "cloudformation") {
      return this.#describe(Object.fromEntries(new URLSearchParams(body.toString())));
    }
    const message = `there is no ${service || "such service"} on this machine`;
    return jsonAnswer(400, { __type: "UnknownOperationException", message });
  }

  #describe({ Action = "", StackName = "" }: Record<string, string>): Answered {
    if (StackName !== this.name) {
      return queryRefusal(400, "ValidationError", `Stack with id ${StackName} does not exist`);
    }
    if (Action === "DescribeStacks") {
      const Outputs = Object.entries(this.outputs).map(([OutputKey, OutputValue]) => ({
        OutputKey,
        OutputValue,
      }));
      const CreationTime = new Date().toISOString();
      return queryAnswer(Action, {
        Stacks: [{ StackName, StackStatus: this.status, CreationTime, Outputs }],
      });
    }
    if (Action === "GetTemplate") {
      const alarms = Object.keys(this.alarms).map((AlarmName, index) => [
        `Alarm${index}`,
        { Type: "AWS::CloudWatch::Alarm", Properties: { AlarmName } },
      ]);
      return queryAnswer(Action, {
        TemplateBody: JSON.stringify({ Resources: Object.fromEntries(alarms) }),
      });
    }
    return queryRefusal(400, "InvalidAction", `there is no ${Action} on this machine`);
  }

  #describeAlarms({ AlarmNames = [] }: { AlarmNames?: string[] }): Answered {
    const MetricAlarms = AlarmNames.filter((name) => name in this.alarms).map((AlarmName) => ({
      AlarmName,
      StateValue: this.alarms[AlarmName],
    }));
    return jsonAnswer(200, { MetricAlarms });
  }
}
