/** What the topic of terminal events depends on. */
export interface TopicSettings {
  EVENTS_TOPIC_FIFO: boolean;
  EVENTS_ARCHIVE_DAYS: number | undefined;
  SUBSCRIBER_ACCOUNTS: string[] | undefined;
}

/**
 * The properties of the topic. It has no name of its own: a topic that an older stack left behind would be in the
 * way of a new one. CloudFormation gives a FIFO topic's name the end that SNS wants.
 *
 * @throws {Error} when a standard topic is to keep its messages
 */
export function topicProperties({ EVENTS_TOPIC_FIFO, EVENTS_ARCHIVE_DAYS }: TopicSettings): object {
  if (EVENTS_ARCHIVE_DAYS && !EVENTS_TOPIC_FIFO) {
    throw new Error("EVENTS_ARCHIVE_DAYS needs EVENTS_TOPIC_FIFO=true: a standard topic keeps no messages");
  }
  return {
    KmsMasterKeyId: "alias/aws/sns",
    ...(EVENTS_TOPIC_FIFO && {
      FifoTopic: true,
      // Order and deduplication are a task's own: so is the limit of 300 messages a second, else the topic's.
      FifoThroughputScope: "MessageGroup",
      ...(EVENTS_ARCHIVE_DAYS && { ArchivePolicy: { MessageRetentionPeriod: String(EVENTS_ARCHIVE_DAYS) } }),
    }),
  };
}

/** The statements of the topic's policy; other accounts may subscribe to all of it, or to nothing. */
export function topicStatements({ SUBSCRIBER_ACCOUNTS = [] }: TopicSettings): object[] {
  const resource = { Ref: "EventsTopic" };
  const encryptedOnly = {
    Sid: "EncryptedTransportOnly",
    Effect: "Deny",
    Principal: "*",
    // SNS takes no wildcard here: these are the actions that a topic's policy may name.
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
