"""Counting and limiting, put together: what looks at requests and not at stamps."""

import threading
from dataclasses import dataclass

from sqlalchemy import Engine

from tem.clock import Clock
from tem_verifier.admission import Admission
from tem_verifier.limit_sharing import Sharing
from tem_verifier.limits import Limit, Seal
from tem_verifier.scan_counts import Rules
from tem_verifier.scans import Scans
from tem_verifier.settings import Settings
from tem_verifier.shared_valkey import Link, Presence


@dataclass(frozen=True, slots=True)
class Traffic:
    """One worker's counts and limits. Until started it counts in memory and shares nothing."""

    scans: Scans
    admission: Admission
    sharing: Sharing

    def start(self, stopping: threading.Event) -> None:
        """Begin the work beside the look-ups."""
        self.scans.start(stopping)
        self.sharing.start(stopping)


def open_traffic(config: Settings, store: Engine, clock: Clock) -> Traffic:
    """The traffic of a worker. Raises Invalid if a setting or the password's file is wrong."""
    presence, seal = Presence(), Seal()

    def link(name: str) -> Link | None:
        if config.valkey_url is None:
            return None
        return Link(name, config.valkey_url, config.valkey_password, presence)

    public = Limit("public", config.rate, clock, seal)
    retailer = Limit("retailer", config.retailer_rate, clock, seal)
    wrong_keys = Limit("wrong_keys", config.rate, clock, seal)
    return Traffic(
        Scans(
            store, clock, Rules(config.many_scans, config.scan_days), link("scans"), link("counts")
        ),
        Admission(public, retailer, wrong_keys, config.proxies),
        Sharing((public, retailer, wrong_keys), seal, clock, link("limits")),
    )
