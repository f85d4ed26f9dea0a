"""httpx without TLS, for services on this machine.

Each client, and each call without one, would otherwise read the system's certificates for some
25 ms: more than most of the calls take.
"""

import ssl
from functools import partial

import httpx

_NO_CERTIFICATES = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "trust_env": False}

get = partial(httpx.get, **_NO_CERTIFICATES)
post = partial(httpx.post, **_NO_CERTIFICATES)
request = partial(httpx.request, **_NO_CERTIFICATES)
Client = partial(httpx.Client, **_NO_CERTIFICATES)
