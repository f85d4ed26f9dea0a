"""``tem registry follow``: the follower of orders, which runs for as long as the registry."""

import os
import signal
import time

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from tem import logs, metrics, trust
from tem.clock import system_clock
from tem.commandline import existing_data_option, stopping_flag
from tem.installation import Installation
from tem.settings import stamp_prefix
from tem.trail import kept_checkpoints
from tem_registry import heartbeat, settings
from tem_registry import metrics as state_metrics
from tem_registry.forgetting import forgetting
from tem_registry.orders import issuing
from tem_registry.orders.issuer_client import IssuerClient
from tem_registry.packs import pack_following
from tem_registry.packs.making import Maker
from tem_registry.settings import Settings
from tem_registry.store import open_store

POLL_SECONDS = 0.2


def _maker(engine: Engine, config: Settings) -> Maker:
    prefix = stamp_prefix(config.public_url)
    return Maker(
        engine, system_clock, config.trust_file, config.pack_key_file, prefix, config.pack_days
    )


@click.command()
@existing_data_option
def follow(installation: Installation) -> None:
    """Take approved orders to the issuer and record what it releases, until stopped.

    `tem up` starts it beside the registry.
    """
    logs.configure("follower")
    logs.log_crashes()
    metrics.alone("follower")
    stopping = stopping_flag(signal.SIGTERM, signal.SIGINT)
    config = settings.read(os.environ, installation)
    engine, trusted = open_store(config), trust.load(config.trust_file)
    keep_checkpoint = kept_checkpoints.keeping(
        engine, system_clock, "registry", config.audit_key_file, config.checkpoints
    )
    sweep = forgetting.HourlySweep(engine, system_clock, config.window_months)
    with IssuerClient.from_key_file(config.issuer_url, config.issuer_key_file) as issuer:
        told = state_metrics.told(engine, issuer.is_ready)
        heartbeat.start(engine, system_clock)
        pack_following.start(_maker(engine, config))
        while not stopping():
            told.if_due()
            sweep.if_due()
            keep_checkpoint()
            try:
                trusted = trust.load(config.trust_file)  # a key may have been frozen meanwhile
            except (OSError, ValueError) as error:
                logs.log.error("alarm", alarm="trust_unreadable", error=str(error))
            try:
                issuing.advance_all(engine, system_clock, trusted, issuer)
            except SQLAlchemyError as error:  # busy for long, or its server starts anew
                logs.log.error("alarm", alarm="orders_unreadable", error=type(error).__name__)
            time.sleep(POLL_SECONDS)
