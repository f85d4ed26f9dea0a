"""The verifier's own answers to compare a pack's with: by its look-up, and over HTTP."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from loadtests.pack_worlds import PREFIX, World, in_pack

from tem.databases.database import open_published, sqlite_url
from tem.databases.migrations import open_migrated
from tem.databases.published import TABLE_NAMES
from tem.http.web import Wiring
from tem.pack.reader import NEWER_THAN_PACK
from tem.stampcode import FIRST_TEST_BATCH, raw_of, strip_prefix
from tem_verifier.app import build
from tem_verifier.history import HISTORIES
from tem_verifier.index import Index
from tem_verifier.lookup import Lookup, batch_of
from tem_verifier.manifests import Acceptance
from tem_verifier.settings import Settings

HOST = "127.0.0.1"
Json = dict[str, Any]


class Online:
    """The verifier's look-up over a world's published tables."""

    def __init__(self, world: World, folder: Path) -> None:
        self.at, self._world = world.now, world
        self._config = Settings(
            database_url=sqlite_url(folder / "verifier.db"),
            published_url=str(world.engine.url),
            folder=folder,
            trust_file=world.mint.trust_file,
            public_url=PREFIX.removesuffix("/s/"),
            rate=None,
        )
        self._store = open_migrated(self._config.database_url, HISTORIES)
        self._source = open_published(self._config.published_url, TABLE_NAMES)
        acceptance = Acceptance(world.mint.trust_file, self._store, self._config.fingerprints)
        self._index = Index(self._source, acceptance, lambda: world.now)
        self._lookup = Lookup(self._index, lambda: self.at, PREFIX)

    def catch_up(self) -> None:
        """Read what the registry has published."""
        self._index.catch_up()
        assert self._index.view.position is not None

    def answer(self, code: str, at: datetime) -> Json:
        """What a till with a pack of this moment has to answer at an instant."""
        raw = raw_of(strip_prefix(code, PREFIX))
        number = batch_of(raw) if raw is not None else None
        unknown = number is not None and not self._index.view.knows(number)
        # Of a batch that is not on record nothing is known but for the record's time.
        self.at = self._world.now if unknown else at
        told = in_pack(self._lookup.answer(code))
        if unknown and number is not None and number < FIRST_TEST_BATCH:
            told |= {"reasons": [*told["reasons"], NEWER_THAN_PACK], "advice": "ask"}
        return told

    @contextmanager
    def served(self) -> Iterator[Callable[[str], Json]]:
        """The verifier's app behind a socket: asks it about a code at the instant last asked."""
        app = build(self._config, Wiring(self._store, lambda: self.at), self._index)
        with make_server(HOST, 0, app, handler_class=_Quiet) as server:
            serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            serving.start()
            try:
                yield lambda code: in_pack(_asked(server.server_port, code))
            finally:
                server.shutdown()
                serving.join(10)

    def close(self) -> None:
        """Let go of both databases."""
        self._store.dispose()
        self._source.dispose()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Codes stand in addresses: none is printed."""


def _asked(port: int, code: str) -> Json:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    connection.request("GET", f"/s/{code}", headers={"Accept": "application/json"})
    told: Json = json.loads(connection.getresponse().read())
    connection.close()
    return told
