/** When and where the prices below applied: AWS's list prices in US dollars, without free tiers and discounts. */
export const PRICES_OF = { date: "2026-11-24", region: "us-east-1" };

/** Dollars for a million, unless noted otherwise. */
export const PRICES = {
  /** On demand; https://aws.amazon.com/dynamodb/pricing/on-demand/. */
  dynamodbReadUnits: 0.125,
  dynamodbWriteUnits: 0.625,
  /** https://aws.amazon.com/lambda/pricing/ */
  lambdaRequests: 0.2,
  /** Dollars for one GB-second on Arm. */
  lambdaGbSecond: 0.0000133334,
  /** Steps, waits and other operations of durable functions; data that they keep is left out. */
  durableOperations: 8,
  /** Messages published to a standard topic; delivery to SQS and Lambda is free. https://aws.amazon.com/sns/pricing/ */
  snsPublished: 0.5,
  /** Calls of an HTTP API; https://aws.amazon.com/api-gateway/pricing/. */
  apiCalls: 1,
  /** State transitions of standard workflows; https://aws.amazon.com/step-functions/pricing/. */
  stateTransitions: 25,
  /** Invocations by EventBridge Scheduler; https://aws.amazon.com/eventbridge/pricing/. */
  schedulerInvocations: 1,
};
