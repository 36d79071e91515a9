import { oneLine } from "./command-line.ts";

const CREDENTIALS = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/** What went wrong with a call to AWS, on one line, with what to do where the SDK's own words do not say it. */
export function awsTrouble(error: unknown): string {
  const { name, code, message } = error as Error & { code?: string };
  switch (name) {
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
    case "TimeoutError":
      return "AWS does not answer: check the region, and the way to it";
  }
  if (code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `AWS cannot be reached (${code}): check the region, and the way to it`;
  }
  return message ? oneLine(error) : (code ?? name);
}
