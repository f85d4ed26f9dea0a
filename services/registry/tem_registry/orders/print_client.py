"""What a person of the office fetches from the issuer, with that person's own key.

The registry's key may not read codes. A person's key goes through here: it is never kept, never
logged and never part of an address.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import httpx

from tem.errors import Conflict, Gone, Invalid, NotFound, TemError, Unavailable
from tem.http import correlation

TIMEOUT = httpx.Timeout(10, read=60)
_KEY = re.compile(r"tem_[0-9a-f]{12}_[0-9a-f]{72}", re.ASCII)
_CODE = re.compile(r"[a-z0-9_]{1,60}")
_PASSED_ON = ("Content-Type", "Content-Length", "Content-Disposition", "Tem-Row-Count")
_MOST_TOLD = 64 * 1024
_RELAYED: Mapping[int, type[TemError]] = {404: NotFound, 409: Conflict, 410: Gone, 422: Invalid}


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way: its headers, its pieces, and what ends it."""

    headers: Mapping[str, str]
    pieces: Iterator[bytes]
    close: ExitStack


class PrintClient:
    """The issuer's calls about prints. ``key`` is the API key that a person typed.

    Each raises Invalid ``print_key_refused`` for a key the issuer does not take from the office,
    Unavailable if it cannot be reached, and what it refuses as NotFound, Conflict, Gone, Invalid.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def download(self, key: str, path: str, query: Mapping[str, str]) -> Download:
        """A file, piece by piece; whoever takes it must call ``close``."""
        with ExitStack() as stack:
            http = stack.enter_context(self._http(key))
            try:
                response = stack.enter_context(http.stream("GET", path, params=query))
                _check(response)
            except httpx.HTTPError as error:
                raise _unreachable(error) from error
            headers = {n: response.headers[n] for n in _PASSED_ON if n in response.headers}
            return Download(headers, response.iter_raw(), stack.pop_all())

    def confirm_print(self, key: str, number: int, idempotency_key: str) -> None:
        """The batch is printed: the issuer destroys its codes."""
        headers = {"Idempotency-Key": idempotency_key}
        path = f"/v1/batches/{number}/print-confirmation"
        with self._http(key) as http:
            try:
                with http.stream("POST", path, json={}, headers=headers) as response:
                    _check(response)
            except httpx.HTTPError as error:
                raise _unreachable(error) from error

    def _http(self, key: str) -> httpx.Client:
        if not _KEY.fullmatch(key):
            raise _refused_key()
        # Compressed pieces would be passed on under a length that is not theirs.
        headers = {
            "Authorization": f"Bearer {key}",
            "Accept-Encoding": "identity",
            **correlation.headers(),
        }
        return httpx.Client(base_url=self._url, headers=headers, timeout=TIMEOUT, trust_env=False)


def _check(response: httpx.Response) -> None:
    """Raises what a refusal means."""
    if response.status_code < 300:
        return
    if response.status_code in (401, 403):
        raise _refused_key()
    content = bytearray()
    for piece in response.iter_raw():
        content += piece
        if len(content) > _MOST_TOLD:
            break
    try:
        problem = json.loads(content)
        code, detail = problem["code"], problem["detail"]
    except (ValueError, LookupError, TypeError):
        code, detail = "issuer_error", f"The issuer answered {response.status_code}."
    if not (isinstance(code, str) and isinstance(detail, str) and _CODE.fullmatch(code)):
        code, detail = "issuer_error", f"The issuer answered {response.status_code}."
    raise _RELAYED.get(response.status_code, Unavailable)(code, detail[:400])


def _refused_key() -> Invalid:
    return Invalid(
        "print_key_refused",
        "The issuer does not take this key: use your own, made by `tem issuer key create --role "
        "office --name <you>`. No other API key, the registry's included, works here.",
    )


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(
        "issuer_unavailable", f"The issuer cannot be reached: {type(error).__name__}"
    )
