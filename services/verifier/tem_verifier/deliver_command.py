"""``tem verifier deliver``: tells webhooks what happened, where the verifiers reach no Internet."""

import os
import signal
import time

import click

from tem import logs, metrics
from tem.clock import system_clock
from tem.commandline import existing_data_option, stopping_flag
from tem.databases import published
from tem.databases.database import open_published
from tem.installation import Installation
from tem_verifier import settings
from tem_verifier.store import open_store
from tem_verifier.webhooks.sending import LOOK_SECONDS, Sender


@click.command()
@existing_data_option
def deliver(installation: Installation) -> None:
    """Tell webhooks of recalls, voids and revocations, until stopped.

    The verifiers do so themselves unless TEM_VERIFIER_WEBHOOKS is `elsewhere`; it may run beside
    them, and several times.
    """
    logs.configure("webhooks")
    logs.log_crashes()
    metrics.alone("webhooks")
    stopping = stopping_flag(signal.SIGTERM, signal.SIGINT)
    config = settings.read(os.environ, installation)
    store = open_store(config)
    source = open_published(config.published_url, published.TABLE_NAMES)
    sender = Sender(store, source, system_clock, config.webhook_networks)
    while not stopping():
        sender.step()
        time.sleep(LOOK_SECONDS)
