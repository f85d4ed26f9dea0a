"""Wiring of the verifier's web app: the only place that builds it."""

import os
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import OperationalError

from tem import logs
from tem.clock import Clock, system_clock
from tem.databases import published
from tem.databases.database import open_engine, open_published
from tem.databases.migrations import open_migrated
from tem.dates import rfc3339
from tem.errors import Unavailable
from tem.http.web import Wiring, service_app
from tem.installation import Installation
from tem.process import allow_open_files
from tem_verifier import api, metrics, settings
from tem_verifier.history import HISTORIES
from tem_verifier.index import Index
from tem_verifier.lookup import Lookup
from tem_verifier.manifests import Acceptance
from tem_verifier.pages import Pages
from tem_verifier.settings import Settings
from tem_verifier.traffic import Traffic, open_traffic

VERSION = "1"
MAX_BODY_BYTES = 1024 * 1024
# A worker whose record is older is taken out of rotation; it goes on answering with its as_of.
READY_WITHIN = timedelta(seconds=30)


def open_store(config: Settings) -> Engine:
    """The verifier's own database, with its tables."""
    url = make_url(config.database_url)
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open_migrated(config.database_url, HISTORIES)


def open_store_whenever(config: Settings) -> Engine:
    """The same, also while its server is away: what has to be read there is tried again.

    A verifier without a database says so and waits; one that died would be started for ever.
    """
    try:
        return open_store(config)
    except OperationalError as error:
        if make_url(config.database_url).get_backend_name() == "sqlite":
            raise  # a folder that is missing or another's does not mend itself
        logs.log.error("database_unavailable", error=str(error.orig).partition("\n")[0][:200])
        return open_engine(config.database_url)


def open_index(config: Settings, store: Engine, clock: Clock) -> Index:
    """An index that has read what there is."""
    source = open_published(config.published_url, published.TABLE_NAMES)
    index = Index(source, Acceptance(config.trust_file, store, config.fingerprints), clock)
    index.catch_up()
    return index


def ready(index: Index, clock: Clock) -> dict[str, Any]:
    """How far the record in memory goes, and how many seconds ago it was complete.

    Raises Unavailable if there is none, or it is older than :data:`READY_WITHIN`.
    """
    position = index.view.position
    if position is None:
        raise Unavailable("nothing_read", "The published tables could not be read yet.")
    lag = clock() - position.as_of
    told = {
        "change": position.change,
        "as_of": rfc3339(position.as_of),
        "lag_seconds": round(lag.total_seconds(), 1),
    }
    if lag > READY_WITHIN:
        raise Unavailable(
            "record_too_old",
            f"What is known here was last complete at {rfc3339(position.as_of)}: see the log.",
            **told,
        )
    return told


def build(config: Settings, wiring: Wiring, index: Index, traffic: Traffic | None = None) -> Flask:
    """The app over a store, a clock and an index given; and over traffic, if it is started."""
    traffic = traffic or open_traffic(config, wiring.engine, wiring.clock)

    seldom = dict.fromkeys(("look_up", "page"), config.log_lookups)
    app, rest = service_app(
        "verifier",
        VERSION,
        wiring,
        partial(ready, index, wiring.clock),
        signed_in=False,
        seldom=seldom,
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    lookup = Lookup(index, wiring.clock, config.prefix, traffic.scans)
    rest.register_blueprint(api.build(wiring, lookup, index.acceptance, traffic.admission))
    api.add_pictures(app, index.source)
    host = urlsplit(config.public_url).netloc
    pages = Pages(config.office_contact)
    api.add_pages(app, lookup, pages, host, traffic.admission, traffic.scans)
    return app


def create_app() -> Flask:
    """What gunicorn calls: everything from the environment."""
    logs.configure("verifier")
    allow_open_files()  # each batch's table of fingerprints is one
    config = settings.read(os.environ, Installation.at(None))
    store = open_store_whenever(config)
    index = open_index(config, store, system_clock)
    metrics.begin(index)
    threading.Thread(target=index.follow, args=(lambda: False,), daemon=True).start()
    traffic = open_traffic(config, store, system_clock)
    traffic.start(threading.Event())
    return build(config, Wiring(store, system_clock), index, traffic)
