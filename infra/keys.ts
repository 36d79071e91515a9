import { type CompiledTemplate, ofType, type Statement } from "./compiled-template.ts";

/** ARNs of customer-managed keys, by what they encrypt; undefined where AWS's own key does. */
export interface Keys {
  secrets: string | undefined;
  events: string | undefined;
  table: string | undefined;
}

/** Has the stack's secrets, topics and tables encrypted with the keys. */
export function useKeys(template: CompiledTemplate, { secrets, events, table }: Keys): void {
  if (secrets) {
    for (const { properties } of ofType(template, "AWS::SecretsManager::Secret"))
      properties.KmsKeyId = secrets;
  }
  if (events) {
    for (const { properties } of ofType(template, "AWS::SNS::Topic")) properties.KmsMasterKeyId = events;
  }
  if (table) {
    for (const { properties } of ofType(template, "AWS::DynamoDB::Table")) {
      properties.SSESpecification = { SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: table };
    }
  }
}

/**
 * What a role needs of the keys for what it may do already: to read a secret's value, to publish, to reach a table.
 * Only through the service that keeps it, and for nothing but that secret, topic or table.
 */
export function keyStatements(
  template: CompiledTemplate,
  statements: readonly Statement[],
  { secrets, events, table }: Keys,
): Statement[] {
  const resourcesOf = (mayDo: (action: string) => boolean) =>
    statements
      .filter(({ Effect, Action }) => Effect === "Allow" && [Action].flat().some(mayDo))
      .flatMap(({ Resource }) => Resource);
  const readable = resourcesOf((action) => action === "secretsmanager:GetSecretValue");
  const topics = resourcesOf((action) => action === "sns:Publish");
  const usesTable = resourcesOf((action) => action.startsWith("dynamodb:")).length > 0;
  const tables = usesTable ? ofType(template, "AWS::DynamoDB::Table").map(({ id }) => ({ Ref: id })) : [];
  return [
    ...statement("Secrets", secrets, ["kms:Decrypt"], {
      service: "secretsmanager",
      context: "SecretARN",
      about: readable,
    }),
    ...statement("Table", table, ["kms:Decrypt"], {
      service: "dynamodb",
      context: "aws:dynamodb:tableName",
      about: tables,
    }),
    ...statement("Events", events, ["kms:GenerateDataKey", "kms:Decrypt"], {
      service: "sns",
      context: "aws:sns:topicArn",
      about: topics,
    }),
  ];
}

/** @param use by which service, and about what: the part of the encryption context that names it */
function statement(
  name: string,
  key: string | undefined,
  actions: string[],
  use: { service: string; context: string; about: unknown[] },
): Statement[] {
  if (!key || use.about.length === 0) return [];
  // Nobody says whether a service in China is called by its own address here, or as everywhere.
  const services = ["amazonaws.com", `\${AWS::URLSuffix}`].map((suffix) => ({
    "Fn::Sub": `${use.service}.\${AWS::Region}.${suffix}`,
  }));
  return [
    {
      Sid: `${name}Key`,
      Effect: "Allow",
      Action: actions,
      Resource: key,
      Condition: {
        StringEquals: { "kms:ViaService": services },
        StringLike: { [`kms:EncryptionContext:${use.context}`]: use.about },
      },
    },
  ];
}
