"""All pages of the registry, put together: the only place that names each of them."""

from flask import Flask

from tem.http.web import Wiring
from tem_registry.portal import (
    pages_files,
    pages_my_activate,
    pages_my_corrections,
    pages_my_home,
    pages_my_lots,
    pages_my_orders,
    pages_my_products,
    pages_my_receipts,
    pages_my_reports,
    pages_my_stamps,
    pages_office_accounts,
    pages_office_audit,
    pages_office_batches,
    pages_office_certificates,
    pages_office_contracts,
    pages_office_corrections,
    pages_office_figures,
    pages_office_imports,
    pages_office_lots,
    pages_office_map,
    pages_office_orders,
    pages_office_places,
    pages_office_prints,
    pages_office_producers,
    pages_office_products,
    pages_office_ranges,
    pages_office_recalls,
    pages_office_reports,
    pages_office_stamps,
    pages_office_suspicious,
    pages_office_today,
    pages_offline,
    pages_sign_in,
)
from tem_registry.portal.portal import Portal
from tem_registry.settings import Settings


def build(app: Flask, wiring: Wiring, config: Settings) -> Portal:
    """Add every page to an app whose API is complete."""
    portal = Portal(app, wiring)
    pages_sign_in.add(portal, config.proxies)
    pages_offline.add(portal)
    pages_my_home.add(portal)
    pages_my_activate.add(portal)
    pages_my_stamps.add(portal)
    pages_my_lots.add(portal)
    pages_my_orders.add(portal)
    pages_my_receipts.add(portal)
    pages_my_reports.add(portal)
    pages_my_corrections.add(portal)
    pages_my_products.add(portal)
    pages_files.add(portal)
    pages_office_accounts.add(portal)
    pages_office_orders.add(portal)
    pages_office_batches.add(portal)
    pages_office_prints.add(portal, config.issuer_url)
    pages_office_ranges.add(portal)
    pages_office_corrections.add(portal)
    pages_office_stamps.add(portal)
    pages_office_imports.add(portal)
    pages_office_audit.add(portal)
    pages_office_figures.add(portal)
    pages_office_map.add(portal)
    pages_office_reports.add(portal)
    pages_office_suspicious.add(portal)
    pages_office_today.add(portal)
    pages_office_certificates.add(portal)
    pages_office_contracts.add(portal)
    pages_office_lots.add(portal)
    pages_office_places.add(portal)
    pages_office_producers.add(portal)
    pages_office_products.add(portal)
    pages_office_recalls.add(portal)
    portal.register()
    return portal
