"""Counting and limiting, put together: what looks at requests and not at stamps."""

import threading
from dataclasses import dataclass, field

from sqlalchemy import Engine

from tem.clients import Clients
from tem.clock import Clock
from tem_verifier.admission import WRONG_KEYS, Admission
from tem_verifier.background import begin
from tem_verifier.copies.canaries import Canaries
from tem_verifier.limit_sharing import Sharing
from tem_verifier.limits import Limit
from tem_verifier.scans import Scans
from tem_verifier.settings import Settings
from tem_verifier.shared_valkey import Link, Presence
from tem_verifier.stamps_scanned import Rules
from tem_verifier.tally import TELL_SECONDS, Tally


@dataclass(frozen=True, slots=True)
class Traffic:
    """One worker's counts and limits. Until started it counts in memory and shares nothing."""

    scans: Scans
    admission: Admission
    sharing: Sharing
    canaries: Canaries
    tally: Tally = field(default_factory=Tally)

    def start(self, stopping: threading.Event) -> None:
        """Begin the work beside the look-ups."""
        self.scans.start(stopping)
        self.sharing.start(stopping)
        self.canaries.start(stopping)
        begin(self.tally.tell, TELL_SECONDS, stopping)


def open_traffic(config: Settings, store: Engine, clock: Clock) -> Traffic:
    """The traffic of a worker. Raises Invalid if a setting or the password's file is wrong."""
    presence = Presence()

    def link(name: str) -> Link | None:
        if config.valkey_url is None:
            return None
        return Link(name, config.valkey_url, config.valkey_password, presence)

    public = Limit("public", config.rate, clock)
    retailer = Limit("retailer", config.retailer_rate, clock)
    wrong_keys = Limit(WRONG_KEYS, config.rate, clock)
    reports = Limit("reports", config.report_rate, clock)
    rules = Rules(config.many_scans, config.many_origins, config.scan_days)
    return Traffic(
        Scans(store, clock, rules, link("scans"), link("counts")),
        Admission(public, retailer, wrong_keys, reports, Clients(config.proxies)),
        Sharing((public, retailer, wrong_keys, reports), clock, link("limits")),
        Canaries(store, clock),
    )
