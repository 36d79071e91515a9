import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { STSClient } from "@aws-sdk/client-sts";

/** Clients for AWS services in one region, with generous timeouts. */
export type Aws = ReturnType<typeof awsIn>;

/** Clients with the credentials at hand; `AWS_ENDPOINT_URL` redirects them. */
export function awsIn(region: string) {
  const common = {
    region,
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  };
  return {
    sts: new STSClient(common),
    cloudFormation: new CloudFormationClient(common),
    cloudWatch: new CloudWatchClient(common),
    dynamodb: new DynamoDBClient(common),
    secrets: new SecretsManagerClient(common),
    sns: new SNSClient(common),
    // Otherwise the SDK would use the host in a queue's URL instead of the endpoint variable.
    sqs: new SQSClient({
      ...common,
      useQueueUrlAsEndpoint: false,
      // Receiving messages uses long polling.
      requestHandler: { ...common.requestHandler, requestTimeout: 30_000 },
    }),
    // As long as the timeout of a lookup.
    lambda: new LambdaClient({
      ...common,
      maxAttempts: 1,
      requestHandler: { ...common.requestHandler, requestTimeout: 35_000 },
    }),
  };
}
