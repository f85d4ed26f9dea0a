"""One request to a receiver: resolved, judged, connected to the very address that was judged."""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Collection, Mapping

from tem_verifier import webhook_addresses as addresses
from tem_verifier.webhook_addresses import Network, Target
from tem_verifier.webhooks.retry_rules import Answer, answered

SECONDS = 10.0  # for everything: a name, a connection, TLS, and the head of the answer
MOST_ADDRESSES = 4  # of a name that are tried


class _Refused(Exception):
    """Nothing was sent. The argument is a problem's code."""


class _Connection(http.client.HTTPConnection):
    """To the first of some addresses that takes it. No proxy and no redirect comes between."""

    def __init__(
        self, target: Target, found: list[str], deadline: float, tls: ssl.SSLContext
    ) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.encrypted else 80
        self._target, self._found, self._deadline, self._tls = target, found, deadline, tls
        self._aborted = False

    def connect(self) -> None:
        """Raises OSError if no address takes it in time."""
        self.sock = self._reached()
        self.check_time()
        if self._target.encrypted:
            # The handshake later: until `sock` is the wrapped one, nobody could break it off.
            self.sock = wrapped = self._tls.wrap_socket(
                self.sock, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.check_time()
            wrapped.do_handshake()

    def _reached(self) -> socket.socket:
        *others, last = self._found
        for address in others:
            with contextlib.suppress(OSError):
                return self._opened(address)
        return self._opened(last)

    def _opened(self, address: str) -> socket.socket:
        self.check_time()
        # Never 0, which would mean not to wait at all.
        left = max(0.01, self._deadline - time.monotonic())
        return socket.create_connection((address, self._target.port), left)

    def check_time(self) -> None:
        """Raises TimeoutError once the time is over: what :meth:`abort` found no socket for, and
        what it cut off, goes no further."""
        if self._aborted or time.monotonic() >= self._deadline:
            raise TimeoutError

    def abort(self) -> None:
        """Wake whoever reads or writes: a peer that sends a byte now and then never times out."""
        self._aborted = True  # first: a socket that is there only afterwards is not gone on with
        sock = self.sock
        if sock is not None:
            with contextlib.suppress(OSError):  # closed, or taken over by TLS this moment
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    networks: Collection[Network],
    tls: ssl.SSLContext,
) -> Answer:
    """Send once, and say what became of it. Raises nothing that the receiver could bring about."""
    began = time.monotonic()
    try:
        target = addresses.parse(url)
        found = _judged(_looked_up(target), target, networks)
        return _sent(target, found, headers, body, began, tls)
    except _Refused as refused:
        return Answer(problem=str(refused), seconds=time.monotonic() - began)
    except ssl.SSLError:
        problem = "tls_failed"
    except TimeoutError:
        problem = "timed_out"
    except (OSError, http.client.HTTPException, ValueError):
        problem = "unreachable"
    late = time.monotonic() - began >= SECONDS
    return Answer(problem="timed_out" if late else problem, seconds=time.monotonic() - began)


def _looked_up(target: Target) -> list[str]:
    """The addresses of a name. A name server that says nothing is not waited for: what asks it
    cannot be broken off, so it is a thread of its own."""
    found: list[str] = []

    def ask() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            told = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            found.extend(str(one[4][0]).partition("%")[0] for one in told)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(SECONDS / 2)
    if not found:
        raise _Refused("name_unknown")
    return list(dict.fromkeys(found))


def _judged(numbers: list[str], target: Target, networks: Collection[Network]) -> list[str]:
    """Addresses each of which may be reached. One that may not refuses all: a name that leads
    inside as well is none to trust."""
    for number in numbers:
        if not addresses.may_reach(ipaddress.ip_address(number), target, networks):
            raise _Refused("address_not_allowed")
    return numbers[:MOST_ADDRESSES]


def _sent(
    target: Target,
    found: list[str],
    headers: Mapping[str, str],
    body: bytes,
    began: float,
    tls: ssl.SSLContext,
) -> Answer:
    connection = _Connection(target, found, began + SECONDS, tls)
    alarm = threading.Timer(max(0.1, began + SECONDS - time.monotonic()), connection.abort)
    alarm.daemon = True
    alarm.start()
    try:
        connection.request("POST", target.path, body, {**headers, "Connection": "close"})
        response = connection.getresponse()
        connection.check_time()  # a head that was cut off reads like a whole one
        # What the body says is nobody's business: only its head is waited for.
        return answered(
            response.status, response.headers.get("Retry-After"), time.monotonic() - began
        )
    finally:
        alarm.cancel()
        connection.close()
