"""Asking the verifier over HTTP for what it counted and was told. Nobody waits long for it.

It is of a lower trust zone than the registry: what it says is read up to a bound, checked by
:mod:`tem_registry.lookups.answers`, and decides nothing about any stamp.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from tem.errors import Conflict, Invalid, NotFound, TemError, Unavailable
from tem.http import correlation
from tem.tls import client_context
from tem_registry.lookups.call_deadline import Transport

SECONDS = 2.0  # for each step of a call
WHOLE_SECONDS = 5.0  # for a call from its connection to the end of the answer
AT_ONCE, TURN_SECONDS = 4, 0.2  # calls, and how long another waits for one of them to end
REST_SECONDS = 5.0  # so long nobody asks again after it did not answer
MOST_BYTES = 2 * 1024 * 1024
# A refusal that its caller can mend; everything else is our own or the verifier's fault.
RELAYED: Mapping[int, type[TemError]] = {404: NotFound, 409: Conflict, 422: Invalid}
NO_SUCH_CALL = "not_found"
_CODE = re.compile(r"[a-z0-9_]{1,60}")


@dataclass
class VerifierClient:
    """The verifier's calls for the registry, with the key it gave us.

    ``authority``: a file with the certificate of an authority believed beside the system's.
    Each call raises Unavailable (``lookups_not_configured``, ``lookups_key_refused``,
    ``lookups_unavailable``), or what the verifier refuses as NotFound, Conflict or Invalid.
    """

    url: str
    key_file: Path
    authority: Path | None = None
    _away_until: float = field(default=0.0, init=False)
    _calls: threading.Semaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE), init=False
    )

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """JSON; members of ``query`` that are None are left out."""
        given = {name: str(value) for name, value in (query or {}).items() if value is not None}
        return _json(self._call("GET", path, params=given))

    def post(self, path: str, body: Any, key: str | None = None) -> Any:
        """JSON for JSON; ``key`` is sent as Idempotency-Key."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return _json(self._call("POST", path, json=body, headers=headers))

    def content(self, path: str) -> bytes:
        """Bytes as they are."""
        return self._call("GET", path)

    def _call(self, method: str, path: str, **options: Any) -> bytes:
        headers = {**options.pop("headers", {}), **correlation.headers(), **self._authorization()}
        try:
            with (
                self._turn(),
                self._http.stream(method, path, headers=headers, **options) as response,
            ):
                content = _content(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._away_until = time.monotonic() + REST_SECONDS
            raise _unavailable(type(error).__name__) from error
        if response.status_code >= 300:
            raise _refusal(response.status_code, content)
        return content

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One of the calls at a time. Raises Unavailable, so that an ill verifier holds few of our
        threads and never for long."""
        if time.monotonic() < self._away_until:
            raise _unavailable("it did not answer a moment ago")
        if not self._calls.acquire(timeout=TURN_SECONDS):
            raise _unavailable("others are asking it")
        try:
            yield
        finally:
            self._calls.release()

    def _authorization(self) -> dict[str, str]:
        """Read each time: a key that was changed counts at once."""
        try:
            key = self.key_file.read_text("ascii").strip()
        except (OSError, UnicodeError) as error:
            raise Unavailable(
                "lookups_not_configured",
                f"There is no key in {self.key_file}: write one there that `tem verifier key "
                "create --role service --name registry` made, and see TEM_VERIFIER_URL.",
            ) from error
        return {"Authorization": f"Bearer {key}"}

    @cached_property
    def _http(self) -> httpx.Client:
        """What an answer unpacks to we could not bound: it is asked for as it is."""
        return httpx.Client(
            base_url=self.url,
            headers={"Accept-Encoding": "identity"},
            timeout=SECONDS,
            transport=Transport(client_context(self.authority), WHOLE_SECONDS),
            trust_env=False,
        )


def _content(response: httpx.Response) -> bytes:
    """An answer to its end. Raises httpx.HTTPError for one that is packed or too long."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx.DecodingError("packed, though it was asked for as it is")
    content = bytearray()
    for piece in response.iter_raw():
        content += piece
        if len(content) > MOST_BYTES:
            raise httpx.ReadError("longer than any answer that was asked for")
    return bytes(content)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _unavailable("its answer is not JSON") from error


def _unavailable(why: str) -> Unavailable:
    return Unavailable(
        "lookups_unavailable",
        f"The verifier cannot be asked at present ({why}), so nothing is known of look-ups: ask "
        "again. This is not a count of zero.",
    )


def _refusal(status: int, content: bytes) -> TemError:
    """A status that is no success, as an error of ours."""
    if status in (401, 403):
        return Unavailable(
            "lookups_key_refused",
            "The verifier refuses our key: make another with `tem verifier key create --role "
            "service --name registry` and write it into TEM_REGISTRY_VERIFIER_KEY_FILE.",
        )
    if status not in RELAYED:
        return _unavailable(f"status {status}")
    try:
        problem = json.loads(content)
        code, detail = problem["code"], problem["detail"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return _unavailable(f"status {status}")
    if not (isinstance(code, str) and isinstance(detail, str) and _CODE.fullmatch(code)):
        return _unavailable(f"status {status}")
    if code == NO_SUCH_CALL:
        return _unavailable("it does not know this call: is it of an earlier version?")
    return RELAYED[status](code, detail[:400])
