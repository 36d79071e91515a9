/** Invalid contents of an organisation's secret, each with the two keys somewhere in it. */
export const ODD_SECRETS: Record<string, (accessKey: string, secretKey: string) => string> = {
  "no JSON": (accessKey, secretKey) => `${accessKey}:${secretKey}`,
  "half a JSON text": (accessKey, secretKey) => `{"accessKey":"${accessKey}","secretKey":"${secretKey}`,
  "a list": (accessKey, secretKey) => JSON.stringify([accessKey, secretKey]),
  "a text": (accessKey, secretKey) => JSON.stringify(`${accessKey} ${secretKey}`),
  "other names": (access_key, secret_key) => JSON.stringify({ access_key, secret_key }),
  "the keys as names": (accessKey, secretKey) => JSON.stringify({ [accessKey]: 1, [secretKey]: 2 }),
  "one key missing": (_, secretKey) => JSON.stringify({ secretKey }),
  "a key in a list": (accessKey, secretKey) => JSON.stringify({ accessKey: [accessKey], secretKey }),
  "a key as the gateway": (accessKey, secretKey) =>
    JSON.stringify({ accessKey, secretKey, baseUrl: secretKey }),
  "a key in the gateway's URL": (accessKey, secretKey) =>
    JSON.stringify({ accessKey, secretKey, baseUrl: `https://${accessKey}:${secretKey}@enos.example/` }),
  "a gateway that is not there": (accessKey, secretKey) =>
    JSON.stringify({ accessKey, secretKey, baseUrl: `https://${secretKey.slice(0, 20)}.invalid` }),
};
