"""Wiring of the verifier's web app: the only place that builds it."""

import os
import threading
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine

from tem import logs
from tem.clock import Clock, system_clock
from tem.databases import published
from tem.databases.database import open_published
from tem.dates import rfc3339
from tem.errors import Unavailable
from tem.http.web import Wiring, service_app, takes_raw
from tem.installation import Installation
from tem.process import allow_open_files
from tem_verifier import (
    admission,
    api,
    api_changes,
    api_packs,
    api_reports,
    api_sales,
    api_scans,
    api_suspects,
    api_verifications,
    api_webhooks,
    metrics,
    report_views,
    settings,
)
from tem_verifier.answering import Answering
from tem_verifier.api_verifications import Verifications
from tem_verifier.application import Application
from tem_verifier.background import begin
from tem_verifier.bulk import Bulk
from tem_verifier.changes.waiting import MAX_SECONDS
from tem_verifier.developers.developer_page import DeveloperPage, Limits, downloads
from tem_verifier.developers.developer_views import add_developers
from tem_verifier.digital_link.product_pages import ProductPages
from tem_verifier.digital_link.views import Resolver, add_digital_links
from tem_verifier.front import Front
from tem_verifier.index import Index
from tem_verifier.lookup import Lookup
from tem_verifier.manifests import Acceptance
from tem_verifier.rendering import Renderer
from tem_verifier.report_pages import ReportPages
from tem_verifier.report_views import Site
from tem_verifier.reports.reporting import Reporting
from tem_verifier.schemas import MAX_CODES
from tem_verifier.settings import Settings
from tem_verifier.snapshot.snapshots import Snapshots
from tem_verifier.store import open_store_whenever
from tem_verifier.streaming import spooling
from tem_verifier.streaming.spooling import Spooling
from tem_verifier.streaming.stream import MOST_LINES
from tem_verifier.till_files import add_till_files
from tem_verifier.traffic import Traffic, open_traffic
from tem_verifier.webhooks.sending import LOOK_SECONDS, Sender

VERSION = "1"
MAX_BODY_BYTES = 384 * 1024  # a thousand codes as addresses, and room for blanks
# A worker whose record is older is taken out of rotation; it goes on answering with its as_of.
READY_WITHIN = timedelta(seconds=30)


def open_index(config: Settings, store: Engine, clock: Clock, rendered_by: str) -> Index:
    """An index that has read what there is; what is large it reads beside the look-ups."""
    source = open_published(config.published_url, published.TABLE_NAMES)
    acceptance = Acceptance(config.trust_file, store, config.fingerprints)
    index = Index(
        source, acceptance, clock, Snapshots(config.snapshots, rendered_by, config.table_bytes)
    )
    index.catch_up()
    return index


def ready(index: Index, clock: Clock) -> dict[str, Any]:
    """How far the record in memory goes, and how many seconds ago it was complete.

    Raises Unavailable if there is none, or it is older than :data:`READY_WITHIN`.
    """
    position = index.view.position
    if position is None and index.is_making:
        raise Unavailable(
            "snapshot_being_made",
            "What is published is being laid out for look-ups, once: a minute or so for millions "
            "of ranges. Until then every stamp is UNAVAILABLE.",
        )
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


def build(
    config: Settings,
    wiring: Wiring,
    index: Index,
    traffic: Traffic | None = None,
    renderer: Renderer | None = None,
) -> Application:
    """The app over a store, a clock and an index given; and over traffic, if it is started."""
    traffic = traffic or open_traffic(config, wiring.engine, wiring.clock)
    renderer = renderer or Renderer(config.office_contact, is_sandbox=config.is_sandbox)
    lookup = Lookup(index, wiring.clock, config.prefix, traffic.scans, traffic.canaries)
    answering = Answering(lookup, renderer, wiring.clock, index.lacks)
    bulk = Bulk(index, answering, config.prefix, wiring.engine)
    calls = Verifications(wiring, bulk, traffic.admission)
    app, rest = service_app(
        "verifier",
        VERSION,
        wiring,
        partial(ready, index, wiring.clock),
        signed_in=False,
        admit=calls.admit,
        seldom=dict.fromkeys(("look_up", "page", "asset"), config.log_lookups),
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    rest.register_blueprint(api_verifications.build(calls))
    rest.register_blueprint(api.build(index.acceptance))
    app.after_request(admission.state)
    takes_raw(app, api_verifications.PATH, spooling.MOST_BYTES, or_json=True)
    app.config["SPOOLING"] = Spooling(
        api_verifications.PATH.encode(),
        frozenset(kind.encode() for kind in api_verifications.FILES),
        config.folder / "spool",
        partial(api_verifications.holder, wiring),
    )
    rest.register_blueprint(
        api_scans.build(wiring, index, traffic.scans, traffic.admission, config.scan_days)
    )
    rest.register_blueprint(api_suspects.build(wiring, index, traffic.admission))
    rest.register_blueprint(api_packs.build(wiring, index, traffic.admission))
    rest.register_blueprint(api_reports.build(wiring, traffic.admission))
    rest.register_blueprint(api_sales.build(wiring, lookup, traffic.admission))
    rest.register_blueprint(api_changes.build(index, traffic.admission))
    rest.register_blueprint(
        api_webhooks.build(wiring, index.source, traffic.admission, config.webhook_networks)
    )
    api.add_pictures(app, index.source)
    host = urlsplit(config.public_url).netloc
    api.add_stamps(app, lookup, renderer.pages, traffic.admission, traffic.scans)
    api.add_pages(app, renderer.pages, host)
    add_till_files(app)
    add_digital_links(
        app,
        Resolver(
            index=index,
            lookup=lookup,
            pages=renderer.pages,
            product_pages=ProductPages(config.office_contact, is_sandbox=config.is_sandbox),
            admission=traffic.admission,
            clock=wiring.clock,
            base=config.prefix.removesuffix("/s/"),
        ),
    )
    limits = Limits(
        MAX_CODES, MOST_LINES, MAX_BODY_BYTES, MAX_SECONDS, config.retailer_rate, config.rate
    )
    add_developers(
        app,
        DeveloperPage(
            limits,
            downloads(),
            config.public_url,
            config.office_contact,
            is_sandbox=config.is_sandbox,
        ),
    )
    rest.spec.options["externalDocs"] = {"url": "/developers", "description": "For retail chains"}
    api.add_security_txt(app, config.office_contact, config.public_url, wiring.clock)
    app.config["LARGEST_BODY"] = report_views.FORM_BYTES
    forms = ReportPages(config.office_contact, is_sandbox=config.is_sandbox)
    reporting = Reporting(wiring.engine, wiring.clock)
    report_views.add_reports(app, Site(lookup, renderer.pages, forms, traffic.admission, reporting))
    front = Front(
        index,
        lookup,
        answering,
        renderer.pages,
        traffic.admission,
        traffic.scans,
        wiring.clock,
        traffic.tally,
        config.log_lookups,
    )
    return Application(app, front)


def create_app() -> Application:
    """What gunicorn calls: everything from the environment."""
    logs.configure("verifier")
    allow_open_files()  # each batch's table of fingerprints is one
    config = settings.read(os.environ, Installation.at(None))
    store = open_store_whenever(config)
    renderer = Renderer(config.office_contact, is_sandbox=config.is_sandbox)
    index = open_index(config, store, system_clock, renderer.fingerprint)
    metrics.begin(index)
    threading.Thread(target=index.follow, args=(lambda: False,), daemon=True).start()
    traffic = open_traffic(config, store, system_clock)
    traffic.start(threading.Event())
    if config.webhooks == settings.HERE:
        sender = Sender(store, index.source, system_clock, config.webhook_networks)
        begin(sender.step, LOOK_SECONDS, threading.Event())
    return build(config, Wiring(store, system_clock), index, traffic, renderer)
