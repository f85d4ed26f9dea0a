"""Wiring of the issuer's web app: the only place that builds it."""

import os
from typing import Any

from flask import Flask
from sqlalchemy import select

from tem import logs
from tem.clock import system_clock
from tem.databases.database import reading, writing
from tem.errors import Unavailable
from tem.http import health
from tem.http.web import Wiring, service_app
from tem.installation import Installation
from tem.settings import stamp_prefix
from tem_issuer import api, prints, restoring, settings, storage
from tem_issuer.history import HISTORIES
from tem_issuer.settings import Settings
from tem_issuer.store import open_store

VERSION = "1"


def build(config: Settings, wiring: Wiring) -> Flask:
    """The app over a store and a clock given."""

    schema = health.Schema(HISTORIES)

    def ready() -> dict[str, Any]:
        if not config.wrapping_key.is_file():
            raise Unavailable("not_set_up", "Run `tem up` or the first start once.")
        with reading(wiring.engine) as connection:
            connection.execute(select(storage.counter_table.c.id)).all()
            schema.check(connection)
        restoring.check(wiring.engine, config)
        return {}

    app, rest = service_app("issuer", VERSION, wiring, ready)
    rest.register_blueprint(api.build(wiring, config))
    return app


def create_app() -> Flask:
    """What gunicorn calls: everything from the environment."""
    logs.configure("issuer")
    config = settings.read(os.environ, Installation.at(None))
    engine = open_store(config)
    restoring.begin(engine, config, system_clock(), "start")
    prints.finish_destroying(engine, config)
    with writing(engine) as connection:
        storage.move_trials(connection, stamp_prefix(config.public_url))
    return build(config, Wiring(engine, system_clock))
