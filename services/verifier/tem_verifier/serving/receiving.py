"""One client's bodies as they arrive: in memory, or in a file if they are long lists of codes."""

from pathlib import Path

from tem_verifier.serving import refusals
from tem_verifier.serving.exchange import Exchange
from tem_verifier.serving.request import Request, Spooled
from tem_verifier.streaming.spooling import MOST_BYTES, Spool


class Receiving(Exchange):
    """What :class:`tem_verifier.serving.connection.Connection` is, heads apart."""

    __slots__ = ()

    def on_body(self, piece: bytes) -> None:
        """Some of a body, decoded. What is too much is counted, not kept: the app refuses it."""
        request, server = self._request, self._server
        if request is None:
            return
        request.size += len(piece)
        if request.spool is not None:
            self._spool(request, piece)
        elif len(request.body) <= server.body_bytes:
            if server.held + len(piece) > server.room.bodies:
                self._no_room("memory")
                return
            request.body += piece
            server.held += len(piece)
        if request.size > max(server.drained_bytes, MOST_BYTES if request.spool else 0):
            self._request, self._deaf, request.last = None, True, True
            self._take(request)

    def _spool(self, request: Request, piece: bytes) -> None:
        assert request.spool is not None
        try:
            request.spool.write(piece)
        except OSError as error:  # the disk is full
            self._server.log.error("A body cannot be kept: %s", error)
            self._no_room("disk")

    def _no_room(self, kind: str) -> None:
        self._server.shed.add(kind)
        self._refuse(refusals.OVERLOADED)

    def may_spool(self, request: Request, holder: str | None) -> None:
        """Whose key the body that is being read came with: then what there is of it goes into a
        file; None for a key that is none."""
        server, spooling = self._server, self._server.spooling
        if self._request is not request or spooling is None or self._transport.is_closing():
            return
        if holder is not None:
            if server.spooling_for[holder] >= server.room.files_each:
                server.shed.add("file")
                self._refuse(refusals.too_many_files(server.room.files_each))
                return
            if server.spools >= server.room.files:
                self._no_room("file")
                return
            if not self._begin_spool(request, spooling.folder, holder):
                return
        if self._paused and not self._deaf:
            self._paused = False
            self._transport.resume_reading()

    def _begin_spool(self, request: Request, folder: Path, holder: str) -> bool:
        try:
            request.spool = Spool(folder)
        except OSError as error:
            self._server.log.error("A body cannot be kept: %s", error)
            self._no_room("disk")
            return False
        body, request.body = bytes(request.body), bytearray()
        self._server.held -= len(body)
        self._server.spooling_for[holder] += 1
        request.holder = holder
        self._spool(request, body)
        return self._request is request

    def _ask_to_spool(self, request: Request) -> None:
        """A body that does not come in one piece: whose is it? Nothing is read meanwhile."""
        request.spooling = Spooled.ASKED
        if self._server.ask_to_spool(self, request):
            self._pause()
        else:
            self._no_room("thread")
