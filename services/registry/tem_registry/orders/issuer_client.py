"""Talking to the issuer over HTTP: ask for a batch, follow it, fetch what it vouches for."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from tem.errors import Conflict, TemError, Unavailable
from tem.http import correlation

TIMEOUT = httpx.Timeout(10, read=60)
OURS_TO_MEND = (401, 403, 429)  # our key or our pace: the order itself was not refused


@dataclass(frozen=True, slots=True)
class IssuedBatch:
    """A batch as the issuer shows it; manifest and signature once ``state`` is released.

    ``codes`` are ``none``, ``kept`` or ``destroyed``; the latter since ``printed_at``.
    """

    number: int
    state: str
    signed: int
    manifest: str | None
    signature: bytes | None
    codes: str = "none"
    printed_at: str | None = None


class IssuerClient:
    """The issuer's calls. Every method raises Unavailable if it cannot be reached."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        hooks = {"request": [_name]}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, event_hooks=hooks)

    @classmethod
    def from_key_file(cls, url: str, path: Path) -> "IssuerClient":
        """With the service key the issuer gave us."""
        try:
            return cls(url, path.read_text("ascii").strip())
        except OSError as error:
            raise Unavailable("issuer_key_missing", f"There is no key in {path}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def reserve(
        self, order_id: str, product_id: str, producer_id: str, quantity: int
    ) -> IssuedBatch:
        """Ask for a batch, once per order. Raises Conflict with the issuer's own code."""
        body = {
            "product_id": product_id,
            "producer_id": producer_id,
            "quantity": quantity,
            "reference": order_id,
        }
        headers = {"Idempotency-Key": f"order:{order_id}"}
        return self._call("POST", "/v1/batches", json=body, headers=headers)

    def find(self, number: int) -> IssuedBatch:
        """The state of a batch."""
        return self._call("GET", f"/v1/batches/{number}")

    def fingerprints(self, number: int) -> Iterator[bytes]:
        """The fingerprints of a released batch, as they arrive."""
        try:
            with self._http.stream("GET", f"/v1/batches/{number}/fingerprints") as response:
                if response.status_code != 200:
                    response.read()
                    raise _refusal(response)
                yield from response.iter_bytes()
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    def is_ready(self) -> bool:
        """Whether it could sign now; only to be shown, so that nobody waits for it."""
        return is_ready(self._http)

    def _call(self, method: str, path: str, **options: Any) -> IssuedBatch:
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        if response.status_code >= 400:
            raise _refusal(response)
        try:
            return _batch(response.json())
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable("issuer_error", "The issuer's answer is not a batch.") from error


def is_ready(http: httpx.Client, seconds: float = 0.5) -> bool:
    """Whether an issuer says that it is ready, within this time."""
    try:
        return http.get("/readyz", timeout=seconds).status_code == 200
    except httpx.HTTPError:
        return False


def kept_client(url: str, path: Path) -> Callable[[], IssuerClient]:
    """Gives one client for call after call; another one once the key in the file has changed."""
    kept: dict[bytes, IssuerClient] = {}

    def client() -> IssuerClient:
        key = path.read_bytes() if path.is_file() else b""
        if key not in kept:
            made = IssuerClient.from_key_file(url, path)
            kept.clear()  # whoever asks with the old one ends its call with it
            kept[key] = made
        return kept[key]

    return client


def seen_from_here(url: str, for_seconds: float = 5.0) -> Callable[[], str]:
    """Asks whether an issuer is ``ready`` or ``away``, at most once in so many seconds."""
    asked, said = -for_seconds, "away"

    def seen() -> str:
        nonlocal asked, said
        if time.monotonic() - asked >= for_seconds:
            with httpx.Client(base_url=url) as http:
                said = "ready" if is_ready(http) else "away"
            asked = time.monotonic()
        return said

    return seen


def _name(call: httpx.Request) -> None:
    """The issuer's log and audit entries name the request that ours name."""
    call.headers.update(correlation.headers())


def _unreachable(error: Exception) -> TemError:
    return Unavailable(
        "issuer_unavailable", f"The issuer cannot be reached: {type(error).__name__}"
    )


def _refusal(response: httpx.Response) -> TemError:
    """The issuer's problem document as an error of ours."""
    try:
        problem = response.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        code, detail = "issuer_error", f"The issuer answered {response.status_code}."
    if response.status_code >= 500 or response.status_code in OURS_TO_MEND:
        return Unavailable(code, detail)
    return Conflict(code, detail)


def _batch(body: Any) -> IssuedBatch:
    """Raises KeyError, TypeError or ValueError for anything else."""
    number, state, signed = body["number"], body["state"], body["signed"]
    signature, manifest = body.get("signature"), body.get("manifest")
    if type(number) is not int or type(state) is not str or type(manifest) not in (str, type(None)):
        raise TypeError("a batch has a number, a state and perhaps a manifest")
    return IssuedBatch(
        number=number,
        state=state,
        signed=signed,
        manifest=manifest,
        signature=bytes.fromhex(signature) if signature else None,
        codes=str(body.get("codes", "none")),
        printed_at=body.get("printed_at"),
    )
