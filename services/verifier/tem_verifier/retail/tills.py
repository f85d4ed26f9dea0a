"""Whose a retailer's key is: its chain, perhaps its store, and what it may be used for."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from tem.databases.database import reading
from tem.errors import Forbidden, Invalid
from tem.http.auth import NAME, Principal
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_verifier.retail.tables import retailer_key_table

k = retailer_key_table.c


class Scope(StrEnum):
    """What a key may be used for."""

    VERIFY = "verify"
    SELL = "sell"
    SUSPECTS = "suspects"
    WEBHOOKS = "webhooks"


ALL = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Till:
    """Who is asking: a till, or what speaks for many. ``store`` is None for the whole chain."""

    key_id: str
    name: str
    chain: str
    store: str | None
    scopes: frozenset[Scope]

    @property
    def actor(self) -> str:
        """How the audit trail names it."""
        return f"{Role.RETAILER}:{self.name}#{self.key_id}"

    @property
    def tenant(self) -> str:
        """Whose its Idempotency-Keys are: the chain's, so they outlive a change of API keys."""
        return f"{Role.RETAILER}:{self.chain}"

    def require(self, *scopes: Scope) -> None:
        """Raises Forbidden (``scope_not_allowed``) unless the key has all of these."""
        lacking = [scope for scope in scopes if scope not in self.scopes]
        if lacking:
            raise Forbidden(
                "scope_not_allowed",
                f"This key lacks the scope {' and '.join(lacking)}: ask the Office for one "
                "that has it.",
            )

    def store_of(self, named: str | None) -> str:
        """The store of a sale or return in which ``named`` is written, or nothing.

        Raises Invalid (``store_missing``), or Forbidden (``store_not_allowed``) for another
        store than the key's.
        """
        if self.store is None and named is None:
            raise Invalid(
                "store_missing", "This key is for all stores: name the `store` of each item."
            )
        if self.store is not None and named not in (None, self.store):
            raise Forbidden(
                "store_not_allowed",
                f"This key is for the store {self.store} alone: leave `store` out, or use a key "
                "of the other store or of the whole chain.",
            )
        return named if self.store is None and named is not None else self.store or ""


def signed_in(wiring: Wiring, *scopes: Scope) -> Till:
    """The till that sent the present request, asked of the database each time.

    Raises Unauthenticated, or Forbidden: ``role_not_allowed`` for a key that is no retailer's,
    ``scope_not_allowed`` for one that lacks one of ``scopes``.
    """
    principal = wiring.principal(Role.RETAILER)
    with reading(wiring.engine) as connection:
        till = till_of(connection, principal)
    till.require(*scopes)
    return till


def till_of(connection: Connection, principal: Principal) -> Till:
    """The till that holds a retailer's key."""
    kept = _kept(connection, principal.key_id)
    chain, store, scopes = kept or (principal.name, None, ALL)
    return Till(principal.key_id, principal.name, chain, store, scopes)


def _kept(connection: Connection, key_id: str) -> tuple[str, str | None, frozenset[Scope]] | None:
    row = connection.execute(select(k.chain, k.store, k.scopes).where(k.key_id == key_id)).first()
    if row is None:
        return None
    return row.chain, row.store, frozenset(Scope(one) for one in row.scopes.split())


def keep(
    connection: Connection, key_id: str, chain: str, store: str | None, scopes: Collection[Scope]
) -> None:
    """Remember what a new key is for; never changed afterwards. Raises Invalid for a name that
    is none, or a store without its chain."""
    for name in filter(None, (chain, store)):
        if not NAME.fullmatch(name):
            raise Invalid(
                "invalid_name",
                "A chain's or store's name is 1 to 60 letters, digits, blanks or . @ : + -",
            )
    words = " ".join(scope for scope in Scope if scope in scopes)
    row = {"key_id": key_id, "chain": chain, "store": store, "scopes": words}
    connection.execute(retailer_key_table.insert().values(row))
