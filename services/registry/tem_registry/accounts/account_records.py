"""Accounts as they are on record: read one, a page of them, or one by its login."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem.dates import rfc3339
from tem.errors import NotFound
from tem.http.auth import Principal
from tem.vocabulary import Role
from tem_registry.account_tables import account


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account. ``producer_id`` is whose stamps a producer's person acts on."""

    id: str
    login: str
    name: str
    role: Role
    producer_id: str | None
    has_password: bool
    invitation_until: datetime | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def principal(self) -> Principal:
        """Who acts: the login stands where a key's name would."""
        return Principal(self.id, self.login, self.role, self.producer_id)

    def state(self, now: datetime) -> str:
        """``active``, ``invited``, ``invitation_over`` or ``disabled``."""
        if self.disabled_at is not None:
            return "disabled"
        if self.invitation_until is not None and not self.has_password:
            return "invited" if now < self.invitation_until else "invitation_over"
        return "active" if self.has_password else "invitation_over"

    def shown(self, now: datetime) -> dict[str, Any]:
        """As JSON, without anything that lets in."""
        open_until = self.invitation_until if self.disabled_at is None else None
        return {
            "account_id": self.id,
            "login": self.login,
            "name": self.name,
            "role": str(self.role),
            "producer_id": self.producer_id,
            "state": self.state(now),
            "created_at": rfc3339(self.created_at),
            "invitation_until": rfc3339(open_until) if open_until else None,
        }


def find(connection: Connection, id: str, *, locked: bool = False) -> Account:
    """An account; ``locked`` holds its row until the transaction ends. Raises NotFound."""
    query = _shown_columns().where(account.c.id == id)
    row = connection.execute(query.with_for_update() if locked else query).first()
    if row is None:
        raise NotFound("no_such_account", f"There is no account {id}.")
    return of_row(row)


def by_login(connection: Connection, login: str) -> Account | None:
    """The account of a login in its one spelling, or None."""
    row = connection.execute(_shown_columns().where(account.c.login == login)).first()
    return None if row is None else of_row(row)


def page(
    connection: Connection, *, after: str, limit: int, producer_id: str | None = None
) -> list[Account]:
    """Accounts in the order of their logins, from behind ``after``."""
    query = _shown_columns().where(account.c.login > after)
    if producer_id is not None:
        query = query.where(account.c.producer_id == producer_id)
    return [of_row(row) for row in connection.execute(query.order_by(account.c.login).limit(limit))]


def columns() -> tuple[Any, ...]:
    """The columns :func:`of_row` needs, for a query of somebody else's."""
    c = account.c
    return (
        *(c.id, c.login, c.name, c.role, c.producer_id),
        c.password_hash.is_not(None).label("has_password"),
        *(c.invitation_until, c.created_at, c.disabled_at),
    )


def of_row(row: Any) -> Account:
    """An account out of :func:`columns`."""
    return Account(
        *(row.id, row.login, row.name, Role(row.role), row.producer_id),
        *(bool(row.has_password), row.invitation_until, row.created_at, row.disabled_at),
    )


def _shown_columns() -> Any:
    return select(*columns())
