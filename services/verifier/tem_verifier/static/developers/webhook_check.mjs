// Is a webhook of ours? By https://www.standardwebhooks.com, with Node's own modules alone.
import { createHmac, timingSafeEqual } from "node:crypto";

/** headers: an object with lower-case names; body: a Buffer as it came; secret: whsec_… */
export function isOurs(headers, body, secret, now = Date.now() / 1000) {
  const id = headers["webhook-id"], sent = headers["webhook-timestamp"];
  if (!(Math.abs(now - Number(sent)) <= 300)) return false; // perhaps sent again by somebody else
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const told = createHmac("sha256", key).update(`${id}.${sent}.`).update(body).digest("base64");
  const right = Buffer.from(`v1,${told}`);
  return (headers["webhook-signature"] ?? "").split(" ").map((one) => Buffer.from(one))
    .some((one) => one.length === right.length && timingSafeEqual(one, right));
}
