/** The wire format of SNS PublishBatch, as far as needed to make half of a batch fail. */

const ENTRY = /^PublishBatchRequestEntries\.member\.(\d+)\.(.+)$/;

/**
 * Takes every second entry out of a request.
 *
 * @returns the remaining request (undefined if it is empty), and a function that adds the failed entries to its answer
 */
export function failEntries(form: string): { body: string | undefined; answer(body: string): string } {
  const left = new URLSearchParams();
  const failedIds: string[] = [];
  let kept = 0;
  for (const [name, value] of new URLSearchParams(form)) {
    const [, position, field] = ENTRY.exec(name) ?? [];
    if (field === undefined) {
      left.append(name, value);
    } else if (Number(position) % 2 === 1) {
      if (field === "Id") failedIds.push(value);
    } else {
      left.append(`PublishBatchRequestEntries.member.${Number(position) / 2}.${field}`, value);
      kept++;
    }
  }
  const failed = failedIds
    .map((id) => `<member><Id>${id}</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>`)
    .join("");
  return {
    body: kept === 0 ? undefined : left.toString(),
    answer: (body) => answer(successesIn(body), failed),
  };
}

/** Takes every second entry out of an answer. */
export function forgetEntries(body: string): string {
  return answer(
    successesIn(body).filter((_, index) => index % 2 === 1),
    "",
  );
}

/** The entries that SNS has accepted, according to an answer. */
export function successesIn(body: string): string[] {
  const successful = /<Successful>(.*?)<\/Successful>/s.exec(body)?.[1] ?? "";
  return successful.match(/<member>.*?<\/member>/gs) ?? [];
}

function answer(successful: string[], failed: string): string {
  return `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful>${successful.join("")}</Successful><Failed>${failed}</Failed></PublishBatchResult><ResponseMetadata><RequestId>proxy</RequestId></ResponseMetadata></PublishBatchResponse>`;
}
