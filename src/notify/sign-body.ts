import { createHmac } from "node:crypto";

/**
 * The headers with which a receiver can check who sent a body, as Standard Webhooks defines them
 * (https://github.com/standard-webhooks/standard-webhooks). `secret` is `whsec_` and base64, or any text; without
 * one there is no signature.
 */
export function signBody(
  { id, seconds, body }: { readonly id: string; readonly seconds: number; readonly body: string },
  secret: string | null,
): Readonly<Record<string, string>> {
  const headers = { "webhook-id": id, "webhook-timestamp": String(seconds) };
  if (secret === null) return headers;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : secret;
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return { ...headers, "webhook-signature": `v1,${signature}` };
}
