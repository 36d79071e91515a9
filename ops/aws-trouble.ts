import { oneLine } from "../infra/program/command-line.ts";
import { localAws } from "./local-aws.ts";

const CREDENTIALS = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/** What is wrong with the credentials, on one line with advice; undefined if an error is about something else. */
export function credentialsTrouble(error: unknown): string | undefined {
  switch ((error as Error).name) {
    case "CredentialsProviderError":
      return `no AWS credentials: ${CREDENTIALS}`;
    case "ExpiredToken":
    case "ExpiredTokenException":
    case "RequestExpired":
      return "the AWS credentials have expired: sign in again";
    case "InvalidClientTokenId":
    case "UnrecognizedClientException":
    case "SignatureDoesNotMatch":
    case "InvalidSignatureException":
      return `AWS does not know these credentials: ${CREDENTIALS}`;
  }
  return undefined;
}

/** The error of a call to AWS, on one line, with advice if the SDK's message does not say what to do. */
export function awsTrouble(error: unknown): string {
  const trouble = credentialsTrouble(error);
  if (trouble) return trouble;
  const { name, code, message } = error as Error & { code?: string };
  if (name === "TimeoutError") return "AWS does not answer: check the region and the network";
  if (code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    const local = localAws(process.env);
    if (local) {
      return `npm start does not run at ${local.origin}, which is AWS_ENDPOINT_URL in this shell: start it, or use another shell`;
    }
    return `AWS cannot be reached (${code}): check the region and the network`;
  }
  return message ? oneLine(error) : (code ?? name);
}
