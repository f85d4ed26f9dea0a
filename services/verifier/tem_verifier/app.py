"""Wiring of the verifier's web app: the only place that builds it."""

import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Engine, make_url

from tem import logs, published
from tem.clock import Clock, system_clock
from tem.database import make_tables, open_engine, open_published, plumbing, writing
from tem.dates import rfc3339
from tem.errors import Unavailable
from tem.installation import Installation
from tem.web import Wiring, create_app
from tem_verifier import api, settings, storage
from tem_verifier.index import Index
from tem_verifier.lookup import Lookup
from tem_verifier.manifests import Acceptance
from tem_verifier.pages import Pages
from tem_verifier.settings import Settings

VERSION = "1"
MAX_BODY_BYTES = 1024 * 1024
# A worker whose record is older is taken out of rotation; it goes on answering with its as_of.
READY_WITHIN = timedelta(seconds=30)


def open_store(config: Settings) -> Engine:
    """The verifier's own database, with its tables."""
    url = make_url(config.database_url)
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(config.database_url)
    with writing(engine) as connection:
        make_tables(connection, plumbing, storage.metadata)
    return engine


def open_index(config: Settings, store: Engine, clock: Clock) -> Index:
    """An index that has read what there is."""
    source = open_published(config.published_url, published.TABLE_NAMES)
    index = Index(source, Acceptance(config.trust_file, store, config.fingerprints), clock)
    index.catch_up()
    return index


def build(config: Settings, wiring: Wiring, index: Index) -> Flask:
    """The app over a store, a clock and an index given."""

    def ready() -> dict[str, Any]:
        position = index.view.position
        if position is None:
            raise Unavailable("nothing_read", "The published tables could not be read yet.")
        if wiring.clock() - position.as_of > READY_WITHIN:
            raise Unavailable(
                "record_too_old",
                f"The published tables were last read at {rfc3339(position.as_of)}: see the log.",
                as_of=rfc3339(position.as_of),
            )
        return {"change": position.change, "as_of": rfc3339(position.as_of)}

    app, rest = create_app("verifier", VERSION, wiring, ready, signed_in=False)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    lookup = Lookup(index, wiring.clock, config.prefix)
    rest.register_blueprint(api.build(wiring, lookup, index.acceptance))
    api.add_pictures(app, index.source)
    api.add_pages(app, lookup, Pages(config.office_contact), urlsplit(config.public_url).netloc)
    return app


def create() -> Flask:
    """What gunicorn calls: everything from the environment."""
    logs.configure("verifier")
    config = settings.read(os.environ, Installation.at(None))
    store = open_store(config)
    index = open_index(config, store, system_clock)
    threading.Thread(target=index.follow, args=(lambda: False,), daemon=True).start()
    return build(config, Wiring(store, system_clock), index)
