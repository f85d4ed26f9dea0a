"""Wiring of the registry's web app: the only place that builds it."""

import os
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import select

from tem import logs
from tem.clock import system_clock
from tem.databases.database import reading
from tem.http import health
from tem.http.web import Wiring, service_app
from tem.installation import Installation
from tem_registry import api_verdicts, heartbeat, paths, settings, tables
from tem_registry.accounts import api as api_accounts
from tem_registry.activation import api as api_activation
from tem_registry.activation import (
    api_correction_previews,
    api_correction_requests,
    api_previews,
)
from tem_registry.batches import api as api_batches
from tem_registry.batches import api_range_previews, api_ranges
from tem_registry.catalogue import api as api_catalogue
from tem_registry.catalogue import api_reference, catalogue
from tem_registry.certificates import api as api_certificates
from tem_registry.certificates import certificates
from tem_registry.council import api as api_council
from tem_registry.epcis import api as api_epcis
from tem_registry.files import api as api_files
from tem_registry.forgetting import api as api_purging
from tem_registry.history import HISTORIES
from tem_registry.importing import api_imports
from tem_registry.lookups import api as api_lookups
from tem_registry.lookups import api_shopper_reports, api_suspects
from tem_registry.lookups.verifier_client import VerifierClient
from tem_registry.lots import api as api_lots
from tem_registry.lots import api_label_dates, lot_windows
from tem_registry.orders import api as api_orders
from tem_registry.orders import api_order_preview, api_progress, issuer_client
from tem_registry.portal import build as pages
from tem_registry.reports import api as api_reports
from tem_registry.reports import api_audit, api_held, api_series, api_stamps, api_worklist
from tem_registry.settings import Settings
from tem_registry.stamps import api_void_reports
from tem_registry.store import open_store

VERSION = "1"


def build(config: Settings, wiring: Wiring) -> Flask:
    """The app over a store and a clock given."""

    schema = health.Schema(HISTORIES)
    issuer = issuer_client.seen_from_here(config.issuer_url)

    def ready() -> dict[str, Any]:
        with reading(wiring.engine) as connection:
            connection.execute(select(tables.producer.c.id).limit(1)).all()
            schema.check(connection)
        # Orders wait for both, everything else goes on without.
        trust = "there" if config.trust_file.exists() else "missing"
        return {"issuer": issuer(), "trust": trust}

    app, rest = service_app("registry", VERSION, wiring, ready, seldom={"asset": 0})
    paths.register(app, rest)
    rest.register_blueprint(api_accounts.build(wiring))
    rest.register_blueprint(api_certificates.build(wiring))
    rest.register_blueprint(api_held.build(wiring))
    rest.register_blueprint(api_council.build(wiring))
    acts: dict[str, dict[str, Any]] = {
        "certificate": {"add": certificates.add, "change": certificates.change},
        "product": {"change": partial(lot_windows.change_product, config.window_months)},
    }
    for kind in catalogue.KINDS.values():
        rest.register_blueprint(api_catalogue.build(wiring, kind, **acts.get(kind.name, {})))
    rest.register_blueprint(api_imports.build(wiring, config, acts))
    rest.register_blueprint(api_files.build(wiring))
    rest.register_blueprint(api_reference.build(wiring))
    rest.register_blueprint(api_orders.build(wiring, config))
    rest.register_blueprint(api_progress.build(wiring, config))
    rest.register_blueprint(api_order_preview.build(wiring, config))
    rest.register_blueprint(api_batches.build(wiring))
    rest.register_blueprint(api_ranges.build(wiring))
    rest.register_blueprint(api_range_previews.build(wiring))
    rest.register_blueprint(api_void_reports.build(wiring))
    rest.register_blueprint(api_stamps.build(wiring))
    rest.register_blueprint(api_verdicts.build(wiring))
    rest.register_blueprint(api_lots.build(wiring, config))
    rest.register_blueprint(api_label_dates.build(wiring))
    rest.register_blueprint(api_previews.build(wiring, config))
    rest.register_blueprint(api_activation.build(wiring, config))
    rest.register_blueprint(api_correction_requests.build(wiring, config))
    rest.register_blueprint(api_correction_previews.build(wiring, config))
    rest.register_blueprint(api_purging.build(wiring, config))
    rest.register_blueprint(api_reports.build(wiring))
    rest.register_blueprint(api_series.build(wiring))
    rest.register_blueprint(api_worklist.build(wiring))
    verifier = VerifierClient(config.verifier_url, config.verifier_key_file, config.authority)
    rest.register_blueprint(api_lookups.build(wiring, verifier))
    rest.register_blueprint(api_shopper_reports.build(wiring, verifier))
    rest.register_blueprint(api_suspects.build(wiring, verifier))
    rest.register_blueprint(api_epcis.build(wiring, config.uris))
    rest.register_blueprint(api_audit.build(wiring, config))
    pages.build(app, wiring, config)
    return app


def create_app() -> Flask:
    """What gunicorn calls: everything from the environment."""
    logs.configure("registry")
    config = settings.read(os.environ, Installation.at(None))
    store = open_store(config)
    heartbeat.start(store, system_clock)
    return build(config, Wiring(store, system_clock))
