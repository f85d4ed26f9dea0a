"""An installation's databases on a real PostgreSQL server, with the accounts of an installation."""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner
from tests.postgres import PostgresServer
from tests.running import SERVICES

from tem.cli import main

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Databases:
    """One database for each service, owned by the account that migrates."""

    server: PostgresServer
    names: dict[str, str]

    @property
    def as_owner(self) -> dict[str, str]:
        """The settings of who migrates and moves."""
        return {_setting(s): self.server.url(self.names[s], "tem_owner") for s in SERVICES}

    @property
    def settings(self) -> dict[str, str]:
        """The settings of the services, each under the account that has only what it needs."""
        own = {_setting(s): self.server.url(self.names[s], f"tem_{s}") for s in SERVICES}
        published = self.server.url(self.names["registry"], "tem_verifier")
        return {**own, "TEM_PUBLISHED_DATABASE_URL": published}

    def migrate(self, data: Path) -> None:
        """`tem migrate`, as the owner."""
        done = CliRunner().invoke(
            main, ["migrate", "--data", str(data)], env=self.as_owner, catch_exceptions=False
        )
        assert done.exit_code == 0, done.output


def _setting(service: str) -> str:
    return f"TEM_{service.upper()}_DATABASE_URL"


@contextlib.contextmanager
def databases(server: PostgresServer) -> Iterator[Databases]:
    """Empty databases, gone after the block."""
    number = next(_numbers)
    made = Databases(server, {service: f"{service}_{number}" for service in SERVICES})
    for name in made.names.values():
        server.create_database(name, owner="tem_owner")
    try:
        yield made
    finally:
        for name in made.names.values():
            server.drop_database(name)
