"""Waiting until the services that were started answer."""

import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import click

from tem.child import Child
from tem.errors import Unavailable

START_SECONDS = 60
MAKING_SECONDS = 900  # a verifier's first reading of very many ranges
TELL_SECONDS = 10


class Stopped(Exception):
    """We were told to stop before everything had started."""


def wait_alive(
    addresses: Mapping[str, str],
    believing: ssl.SSLContext | None,
    children: Sequence[Child],
    stopping: Callable[[], bool],
) -> None:
    """Wait until every service answers, and tell now and then for what. Raises Stopped, or
    Unavailable with the end of a log. ``believing`` is what https is asked with."""
    began = told = time.monotonic()
    for service, address in addresses.items():
        while not is_ready(address, believing):
            _require_started(children)
            if stopping():
                raise Stopped
            if time.monotonic() > told + TELL_SECONDS:
                told = time.monotonic()
                why = _why_not(service, address, believing)
                longest = MAKING_SECONDS if "snapshot_being_made" in why else START_SECONDS
                if told > began + longest:
                    raise Unavailable("no_answer", why)
                click.echo(f"  {why}", err=True)
            time.sleep(0.05)


def _why_not(service: str, address: str, believing: ssl.SSLContext | None) -> str:
    """What is told of a service that is not ready in time: its own words, if it has any."""
    try:
        told = json.loads(_readiness(address, believing)[1])
        return f"The {service} is not ready: {told['detail']} [{told['code']}]"
    except (ValueError, LookupError, TypeError):
        return f"The {service} does not answer at {address}."


def is_ready(address: str, believing: ssl.SSLContext | None = None) -> bool:
    """Whether a service answers there, and can do its work."""
    return _readiness(address, believing)[0] == 200


def _readiness(address: str, believing: ssl.SSLContext | None) -> tuple[int, bytes]:
    """Status and body of ``/readyz``; 0 and nothing if nobody answers."""
    parts = urlsplit(address)
    connection = (
        HTTPSConnection(parts.netloc, timeout=2, context=believing)
        if parts.scheme == "https"
        else HTTPConnection(parts.netloc, timeout=2)
    )
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


def _require_started(children: Sequence[Child]) -> None:
    for child in children:
        if child.process is not None and child.process.poll() is not None:
            with child.log.open(encoding="utf-8", errors="replace") as log:
                end = "".join(log.readlines()[-15:])
            raise Unavailable("did_not_start", f"The {child.name} ended at once:\n{end}")
