import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { awsIn } from "./aws.ts";
import { credentialsTrouble } from "./aws-trouble.ts";
import { callsAws } from "./osls-command.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Refuses a command of osls that calls AWS if there are no credentials, or AWS does not know them: osls would say so in
 * several lines, and only once it has packaged.
 *
 * @param args of osls
 * @throws {Error} that says what to do
 */
export async function checkCredentials(
  args: readonly string[],
  { stage, region, env }: Pick<Surroundings, "stage" | "region" | "env">,
): Promise<void> {
  if (!callsAws(args) || usesProfile(args, stage, env)) return;
  try {
    await awsIn(region).sts.send(new GetCallerIdentityCommand());
  } catch (error) {
    const { name, message } = error as Error;
    // There are some, but they need a code or a sign-in, for which osls asks.
    if (name === "CredentialsProviderError" && !message.includes("from any providers")) return;
    const trouble = credentialsTrouble(error);
    // Anything else is no reason to refuse: osls may reach AWS in a way of its own, such as a proxy.
    if (trouble) throw new Error(trouble);
  }
}

/** Whether osls is told of a profile, or of credentials for this stage alone, which it reads in its own way. */
function usesProfile(args: readonly string[], stage: string, env: NodeJS.ProcessEnv): boolean {
  const ofStage = `AWS_${stage.toUpperCase()}`;
  const names = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", `${ofStage}_PROFILE`, `${ofStage}_ACCESS_KEY_ID`];
  return args.some((each) => /^--(aws-)?profile(=|$)/.test(each)) || names.some((name) => env[name]);
}
