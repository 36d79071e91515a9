import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { STSClient } from "@aws-sdk/client-sts";

/** An account's services in one region, for somebody who waits for the answers. */
export type Aws = ReturnType<typeof awsIn>;

/** Clients with the credentials at hand; `AWS_ENDPOINT_URL` sends them elsewhere. */
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
    // The address of a queue is a name of its own, which an endpoint variable would not reach.
    sqs: new SQSClient({
      ...common,
      useQueueUrlAsEndpoint: false,
      // A request for messages waits for them.
      requestHandler: { ...common.requestHandler, requestTimeout: 30_000 },
    }),
    // A lookup has as long as its function has.
    lambda: new LambdaClient({
      ...common,
      maxAttempts: 1,
      requestHandler: { ...common.requestHandler, requestTimeout: 35_000 },
    }),
  };
}
