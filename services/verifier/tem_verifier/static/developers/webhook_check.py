"""Is a webhook of ours? By https://www.standardwebhooks.com, with the standard library alone."""

import base64
import hashlib
import hmac
import time


def is_ours(headers, body, secret, now=None):
    """headers: a mapping; body: the bytes as they came; secret: whsec_…, told at registration."""
    id, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent.isdecimal() or abs((now or time.time()) - int(sent)) > 300:
        return False  # too old, or from the future: perhaps sent again by somebody else
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = hmac.new(key, f"{id}.{sent}.".encode() + body, hashlib.sha256).digest()
    right = b"v1," + base64.b64encode(told)
    signed = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(one, right) for one in signed)
