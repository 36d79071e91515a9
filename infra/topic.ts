/** Settings of the topic of terminal events. */
export interface TopicSettings {
  EVENTS_TOPIC_FIFO: boolean;
  EVENTS_ARCHIVE_DAYS: number | undefined;
  SUBSCRIBER_ACCOUNTS: string[] | undefined;
}

/**
 * The properties of the topic. It has no name of its own, since a topic that an older stack has left behind would
 * otherwise block a new one. CloudFormation gives a FIFO topic's name the suffix that SNS requires.
 */
export function topicProperties({ EVENTS_TOPIC_FIFO, EVENTS_ARCHIVE_DAYS }: TopicSettings): object {
  return {
    KmsMasterKeyId: "alias/aws/sns",
    ...(EVENTS_TOPIC_FIFO && {
      FifoTopic: true,
      // Each task has its own order and deduplication; otherwise 300 messages a second would be the topic's limit.
      FifoThroughputScope: "MessageGroup",
      ...(EVENTS_ARCHIVE_DAYS && { ArchivePolicy: { MessageRetentionPeriod: String(EVENTS_ARCHIVE_DAYS) } }),
    }),
  };
}

/** The statements of the topic's policy. Other accounts may subscribe to all events or to none. */
export function topicStatements({ SUBSCRIBER_ACCOUNTS = [] }: TopicSettings): object[] {
  const resource = { Ref: "EventsTopic" };
  const encryptedOnly = {
    Sid: "EncryptedTransportOnly",
    Effect: "Deny",
    Principal: "*",
    // SNS accepts no wildcard here: these are all actions that a topic's policy may name.
    Action: [
      "sns:Publish",
      "sns:Subscribe",
      "sns:ListSubscriptionsByTopic",
      "sns:GetTopicAttributes",
      "sns:SetTopicAttributes",
      "sns:AddPermission",
      "sns:RemovePermission",
      "sns:DeleteTopic",
    ],
    Resource: resource,
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  if (SUBSCRIBER_ACCOUNTS.length === 0) return [encryptedOnly];
  const subscribers = {
    Sid: "SubscriberAccounts",
    Effect: "Allow",
    Principal: {
      AWS: SUBSCRIBER_ACCOUNTS.map((account) => ({
        "Fn::Sub": `arn:\${AWS::Partition}:iam::${account}:root`,
      })),
    },
    Action: "sns:Subscribe",
    Resource: resource,
  };
  return [encryptedOnly, subscribers];
}
