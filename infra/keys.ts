import { type CompiledTemplate, ofType, type Statement } from "./compiled-template.ts";

/** ARNs of customer-managed keys, by what they encrypt; undefined for AWS's own key. */
export interface Keys {
  secrets: string | undefined;
  events: string | undefined;
  table: string | undefined;
}

/** Encrypts the stack's secrets, topics and tables with the keys. */
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
 * The permissions for the keys that a role needs to read secrets, to publish and to use the table. They apply only
 * through the service in question, and only to the role's secrets, topic and table.
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

/** @param use the service, and the entry of the encryption context that names the resource */
function statement(
  name: string,
  key: string | undefined,
  actions: string[],
  use: { service: string; context: string; about: unknown[] },
): Statement[] {
  if (!key || use.about.length === 0) return [];
  // AWS does not document which suffix applies here in China.
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
