"""Wiring of the registry's web app: the only place that builds it."""

import os
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, make_url, select

from tem import logs, published
from tem.clock import system_clock
from tem.database import open_engine, plumbing, reading, writing
from tem.installation import Installation
from tem.web import Wiring, create_app
from tem_registry import (
    api_activation,
    api_audit,
    api_batches,
    api_catalogue,
    api_certificates,
    api_council,
    api_epcis,
    api_files,
    api_held,
    api_lots,
    api_orders,
    api_purging,
    api_ranges,
    api_reference,
    api_reports,
    api_stamps,
    api_void_reports,
    catalogue,
    certificates,
    paths,
    publication,
    settings,
    tables,
)
from tem_registry.settings import Settings

VERSION = "1"


def open_store(config: Settings) -> Engine:
    """The registry's database, with its own and the published tables."""
    url = make_url(config.database_url)
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(config.database_url)
    with writing(engine) as connection:
        plumbing.create_all(connection)
        tables.metadata.create_all(connection)
        published.metadata.create_all(connection)
        publication.begin(connection, system_clock())
    return engine


def build(config: Settings, wiring: Wiring) -> Flask:
    """The app over a store and a clock given."""

    def ready() -> dict[str, Any]:
        with reading(wiring.engine) as connection:
            connection.execute(select(tables.producer.c.id).limit(1)).all()
        return {}

    app, rest = create_app("registry", VERSION, wiring, ready)
    paths.register(app, rest)
    rest.register_blueprint(api_certificates.build(wiring))
    rest.register_blueprint(api_held.build(wiring))
    rest.register_blueprint(api_council.build(wiring))
    acts = {"certificate": {"add": certificates.add, "change": certificates.change}}
    for kind in catalogue.KINDS.values():
        rest.register_blueprint(api_catalogue.build(wiring, kind, **acts.get(kind.name, {})))
    rest.register_blueprint(api_files.build(wiring))
    rest.register_blueprint(api_reference.build(wiring))
    rest.register_blueprint(api_orders.build(wiring, config))
    rest.register_blueprint(api_batches.build(wiring))
    rest.register_blueprint(api_ranges.build(wiring))
    rest.register_blueprint(api_void_reports.build(wiring))
    rest.register_blueprint(api_stamps.build(wiring))
    rest.register_blueprint(api_lots.build(wiring, config))
    rest.register_blueprint(api_activation.build(wiring, config))
    rest.register_blueprint(api_purging.build(wiring, config))
    rest.register_blueprint(api_reports.build(wiring))
    rest.register_blueprint(api_epcis.build(wiring, config.uris))
    rest.register_blueprint(api_audit.build(wiring, config))
    return app


def create() -> Flask:
    """What gunicorn calls: everything from the environment."""
    logs.configure("registry")
    config = settings.read(os.environ, Installation.at(None))
    return build(config, Wiring(open_store(config), system_clock))
