import {
  type CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
} from "@aws-sdk/client-cloudformation";
import * as z from "zod/mini";
import type { DeployedStack } from "./changes.ts";

/** The output that contains the settings with which the stack was deployed. */
export const SETTINGS_OUTPUT = "Settings";

const Settings = z.record(z.string(), z.nullable(z.string()));
const Template = z.object({
  Resources: z.record(z.string(), z.object({ Properties: z.optional(z.record(z.string(), z.unknown())) })),
});

/** A stack with its outputs, by their keys. */
export type ReadStack = DeployedStack & { outputs: Readonly<Record<string, string | undefined>> };

/**
 * The deployed stack; undefined if there is none.
 *
 * @throws {Error} from CloudFormation, such as missing permissions
 */
export async function readStack(
  cloudFormation: CloudFormationClient,
  StackName: string,
): Promise<ReadStack | undefined> {
  const stack = await describe(cloudFormation, StackName);
  if (!stack?.StackStatus || stack.StackStatus === "DELETE_COMPLETE") return undefined;
  const outputs = Object.fromEntries(
    (stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
  );
  const told = outputs[SETTINGS_OUTPUT];
  // A stack that was never created has no template.
  const isMade = stack.StackStatus !== "REVIEW_IN_PROGRESS";
  const { TemplateBody = "{}" } = isMade
    ? await cloudFormation.send(new GetTemplateCommand({ StackName }))
    : {};
  return {
    status: stack.StackStatus,
    settings: told === undefined ? undefined : Settings.safeParse(parsed(told)).data,
    resources: Template.safeParse(parsed(TemplateBody)).data?.Resources ?? {},
    outputs,
  };
}

async function describe(cloudFormation: CloudFormationClient, StackName: string) {
  try {
    const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return Stacks?.[0];
  } catch (error) {
    // CloudFormation has no specific error for this.
    if (
      error instanceof Error &&
      error.name === "ValidationError" &&
      error.message.includes("does not exist")
    ) {
      return undefined;
    }
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
