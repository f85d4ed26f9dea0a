"""The loop of a paced generator (:mod:`loadtests.paced`): send what is due, read what came."""

import contextlib
import errno
import re
import select
import socket
import time
from collections import deque

from loadtests.pace import BROKEN, GIVEN_UP, LATE, Outcome, Pace
from loadtests.started import HOST

START = b"GET /s/"
TAIL = (
    b" HTTP/1.1\r\nHost: tem.example.vn\r\n"
    b"User-Agent: Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/141.0 Mobile\r\n"
    b"Accept: application/json\r\nAccept-Language: vi-VN,vi;q=0.9,en;q=0.8\r\n"
    b"X-Forwarded-For: 100.%d.%d.%d\r\n\r\n"
)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
LAST_WAIT = 3.0  # seconds for what is still under way at the end
SEEN_EVERY, MOST_SEEN = 200, 100  # answers that are kept to be looked at
SEND = select.EPOLLIN | select.EPOLLOUT


class _Asking:
    """A connection with the request that it is at; ``due`` is None while it is free."""

    __slots__ = ("due", "received", "request", "retried", "socket", "wanted")

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.due: float | None = None
        self.request, self.received, self.wanted, self.retried = b"", b"", 0, False


class Loop:
    """One generator, with connections of its own."""

    def __init__(self, pace: Pace, number: int) -> None:
        self._pace, self._epoll, self._outcome = pace, select.epoll(), Outcome()
        self._codes = pace.codes.read_bytes()
        self._width = self._codes.index(b"\n") + 1
        self._count = len(self._codes) // self._width
        self._at = self._count * (number % 8) // 8
        tails = range(4096)
        self._tails = [TAIL % (64 + n % 64, number, 1 + n % 250) for n in tails]
        self._asking: dict[int, _Asking] = {}
        self._free: deque[_Asking] = deque()
        self._waiting: deque[float] = deque()
        self._begin = 0.0

    def run(self, start: float) -> Outcome:
        """All of it."""
        for _ in range(self._pace.connections):
            self._connect(_Asking(), wait=True)
        self._begin = self._outcome.began = max(start, time.monotonic())
        whole, rate = int(self._pace.rate * self._pace.seconds), self._pace.rate
        end, sent = self._pace.seconds + LAST_WAIT, 0
        while True:
            now = time.monotonic() - self._begin
            due = min(whole, int(now * rate) + 1 if now >= 0 else 0)
            while sent < due and (self._free or not self._pace.gives_up):
                self._ask(sent / rate, now)
                sent += 1
            if sent < due:
                self._give_up([number / rate for number in range(sent, due)])
                sent = due
            while self._waiting and self._free:
                self._send(self._free.popleft(), self._waiting.popleft())
            if sent == whole and (now > end or not self._busy()):
                break
            idle = (sent / rate - now) if sent < whole else 0.05
            for number, event in self._epoll.poll(max(0.0, idle) if idle > 0.002 else 0, 512):
                if one := self._asking.get(number):  # or closed by an event before this one
                    self._event(one, event)
        return self._ended(end)

    def _busy(self) -> bool:
        return bool(self._waiting) or len(self._free) < len(self._asking)

    def _ask(self, due: float, now: float) -> None:
        if self._free:
            self._outcome.lags.append(now - due)
            self._send(self._free.popleft(), due)
        else:
            self._waiting.append(due)

    def _give_up(self, due: list[float]) -> None:
        """All at once: under overload they are most, and each takes time from what is sent."""
        self._outcome.due += due
        self._outcome.done += due
        self._outcome.status += [GIVEN_UP] * len(due)

    def _tell(self, due: float, done: float, status: int) -> None:
        self._outcome.due.append(due)
        self._outcome.done.append(done)
        self._outcome.status.append(status)

    def _send(self, one: _Asking, due: float) -> None:
        self._at = at = (self._at + 1) % self._count
        code = self._codes[at * self._width : (at + 1) * self._width - 1]
        one.request = START + code + self._tails[at % 4096]
        one.due, one.received, one.wanted, one.retried = due, b"", 0, False
        self._write(one)

    def _write(self, one: _Asking) -> None:
        try:
            one.socket.send(one.request)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOTCONN):
                self._again(one)

    def _event(self, one: _Asking, event: int) -> None:
        if event & select.EPOLLOUT:  # connected at last
            self._epoll.modify(one.socket, select.EPOLLIN)
            self._write(one) if one.due is not None else self._free.append(one)
            return
        try:
            some = one.socket.recv(16384)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ENOTCONN):
                return
            some = b""
        if not some:
            self._again(one)
            return
        one.received = one.received + some if one.received else some
        if not one.wanted:
            self._measure(one)
        if one.due is not None and one.wanted and len(one.received) >= one.wanted:
            self._answered(one, one.due)
            one.due = None
            self._free.append(one)

    def _answered(self, one: _Asking, due: float) -> None:
        status, seen = int(one.received[9:12]), self._outcome.seen
        self._tell(due, time.monotonic() - self._begin, status)
        if len(self._outcome.due) % SEEN_EVERY == 0 and len(seen) < MOST_SEEN and status == 200:
            seen.append((one.request[len(START) :].partition(b" ")[0].decode(), one.received))

    def _measure(self, one: _Asking) -> None:
        """How long the answer will be, once its head is there."""
        head = one.received.find(b"\r\n\r\n")
        if head > 0:
            found = LENGTH.search(one.received, 0, head + 2)
            one.wanted = head + 4 + (int(found[1]) if found else 0)

    def _again(self, one: _Asking) -> None:
        """Its server closed the connection: make it anew, and ask once more."""
        del self._asking[one.socket.fileno()]
        self._epoll.unregister(one.socket)
        one.socket.close()
        if one.due is None:
            with contextlib.suppress(ValueError):
                self._free.remove(one)
        elif one.retried:
            self._tell(one.due, time.monotonic() - self._begin, BROKEN)
            one.due = None
        else:
            one.retried = True
            self._outcome.retried += 1
        one.received, one.wanted = b"", 0
        one.socket = socket.socket()
        self._connect(one)

    def _connect(self, one: _Asking, *, wait: bool = False) -> None:
        one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if wait:
            one.socket.settimeout(10)
            one.socket.connect((HOST, self._pace.port))
        one.socket.setblocking(False)
        if not wait:
            one.socket.connect_ex((HOST, self._pace.port))
        self._asking[one.socket.fileno()] = one
        self._epoll.register(one.socket, select.EPOLLIN if wait else SEND)
        if wait:
            self._free.append(one)

    def _ended(self, end: float) -> Outcome:
        """What was never answered counts as such."""
        for one in self._asking.values():
            if one.due is not None:
                self._tell(one.due, end, LATE)
            one.socket.close()
        for due in self._waiting:
            self._tell(due, end, LATE)
        return self._outcome
