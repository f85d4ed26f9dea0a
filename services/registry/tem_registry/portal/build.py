"""All pages of the registry, put together: the only place that names each of them."""

from flask import Flask

from tem.http.web import Wiring
from tem_registry.portal import pages_files, pages_offline, pages_sign_in
from tem_registry.portal.my import pages_activate as my_pages_activate
from tem_registry.portal.my import pages_corrections as my_pages_corrections
from tem_registry.portal.my import pages_home as my_pages_home
from tem_registry.portal.my import pages_lots as my_pages_lots
from tem_registry.portal.my import pages_orders as my_pages_orders
from tem_registry.portal.my import pages_products as my_pages_products
from tem_registry.portal.my import pages_receipts as my_pages_receipts
from tem_registry.portal.my import pages_reports as my_pages_reports
from tem_registry.portal.my import pages_stamps as my_pages_stamps
from tem_registry.portal.office import pages_accounts as office_pages_accounts
from tem_registry.portal.office import pages_audit as office_pages_audit
from tem_registry.portal.office import pages_batches as office_pages_batches
from tem_registry.portal.office import pages_certificates as office_pages_certificates
from tem_registry.portal.office import pages_contracts as office_pages_contracts
from tem_registry.portal.office import pages_copies as office_pages_copies
from tem_registry.portal.office import pages_corrections as office_pages_corrections
from tem_registry.portal.office import pages_figures as office_pages_figures
from tem_registry.portal.office import pages_imports as office_pages_imports
from tem_registry.portal.office import pages_lots as office_pages_lots
from tem_registry.portal.office import pages_map as office_pages_map
from tem_registry.portal.office import pages_orders as office_pages_orders
from tem_registry.portal.office import pages_places as office_pages_places
from tem_registry.portal.office import pages_prints as office_pages_prints
from tem_registry.portal.office import pages_producers as office_pages_producers
from tem_registry.portal.office import pages_products as office_pages_products
from tem_registry.portal.office import pages_ranges as office_pages_ranges
from tem_registry.portal.office import pages_recalls as office_pages_recalls
from tem_registry.portal.office import pages_reports as office_pages_reports
from tem_registry.portal.office import pages_stamps as office_pages_stamps
from tem_registry.portal.office import pages_suspicious as office_pages_suspicious
from tem_registry.portal.office import pages_today as office_pages_today
from tem_registry.portal.portal import Portal
from tem_registry.settings import Settings


def build(app: Flask, wiring: Wiring, config: Settings) -> Portal:
    """Add every page to an app whose API is complete."""
    portal = Portal(app, wiring)
    pages_sign_in.add(portal, config.proxies)
    pages_offline.add(portal)
    my_pages_home.add(portal)
    my_pages_activate.add(portal)
    my_pages_stamps.add(portal)
    my_pages_lots.add(portal)
    my_pages_orders.add(portal)
    my_pages_receipts.add(portal)
    my_pages_reports.add(portal)
    my_pages_corrections.add(portal)
    my_pages_products.add(portal)
    pages_files.add(portal)
    office_pages_accounts.add(portal)
    office_pages_orders.add(portal)
    office_pages_batches.add(portal)
    office_pages_prints.add(portal, config.issuer_url)
    office_pages_ranges.add(portal)
    office_pages_corrections.add(portal)
    office_pages_stamps.add(portal)
    office_pages_imports.add(portal)
    office_pages_audit.add(portal)
    office_pages_figures.add(portal)
    office_pages_map.add(portal)
    office_pages_reports.add(portal)
    office_pages_suspicious.add(portal)
    office_pages_copies.add(portal)
    office_pages_today.add(portal)
    office_pages_certificates.add(portal)
    office_pages_contracts.add(portal)
    office_pages_lots.add(portal)
    office_pages_places.add(portal)
    office_pages_producers.add(portal)
    office_pages_products.add(portal)
    office_pages_recalls.add(portal)
    portal.register()
    return portal
