"""All pages of the registry, put together: the only place that names each of them."""

from flask import Flask

from tem.http.web import Wiring
from tem_registry.portal import pages_office_accounts, pages_sign_in
from tem_registry.portal.portal import Portal
from tem_registry.settings import Settings


def build(app: Flask, wiring: Wiring, config: Settings) -> Portal:
    """Add every page to an app whose API is complete."""
    portal = Portal(app, wiring)
    pages_sign_in.add(portal, config.proxies)
    pages_office_accounts.add(portal)
    portal.register()
    return portal
