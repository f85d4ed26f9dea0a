"""API keys: shown once, kept as a hash, refused from the moment they are revoked."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select
from tests.conftest import SetClock

from tem.databases.database import plumbing, reading, writing
from tem.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tem.http import auth
from tem.http.auth import Principal
from tem.trail import audit
from tem.vocabulary import Role


@pytest.fixture
def store(engine: Engine) -> Iterator[Engine]:
    """A database with the plumbing tables."""
    plumbing.create_all(engine)
    return engine


def create(
    store: Engine,
    clock: SetClock,
    role: Role = Role.OFFICE,
    name: str = "Lan",
    producer: str | None = None,
) -> str:
    with writing(store) as connection:
        return auth.create_key(connection, clock(), "machine:root", role, name, producer)


def ask(store: Engine, authorization: str | None) -> Principal:
    with reading(store) as connection:
        return auth.authenticate(connection, authorization)


def refused(store: Engine, authorization: str | None) -> str:
    with pytest.raises(Unauthenticated) as error:
        ask(store, authorization)
    return error.value.code


def listed(store: Engine) -> list[auth.KeyInfo]:
    with reading(store) as connection:
        return auth.list_keys(connection)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PRODUCER])
def test_a_key_names_its_holder(store: Engine, clock: SetClock, role: Role) -> None:
    """Whoever sends a key is known by its name and role."""
    key = create(store, clock, role)
    holder = ask(store, f"Bearer {key}")
    assert (holder.name, holder.role, holder.producer_id) == ("Lan", role, None)
    assert holder.actor == f"{role.value}:Lan#{holder.key_id}"
    assert holder.tenant == role.value
    assert key.startswith(f"tem_{holder.key_id}_")


def test_a_producers_key_is_tied_to_the_producer(store: Engine, clock: SetClock) -> None:
    """A producer's key carries the producer, whose idempotency keys outlive it."""
    first = ask(store, f"Bearer {create(store, clock, Role.PRODUCER, 'A', 'HT-P001')}")
    second = ask(store, f"Bearer {create(store, clock, Role.PRODUCER, 'B', 'HT-P001')}")
    assert first.producer_id == second.producer_id == "HT-P001"
    assert first.tenant == second.tenant == "producer:HT-P001"
    assert first.key_id != second.key_id


@pytest.mark.parametrize(("role", "producer"), [(Role.PRODUCER, None), (Role.OFFICE, "HT-P001")])
def test_producer_and_role_go_together(
    store: Engine, clock: SetClock, role: Role, producer: str | None
) -> None:
    """A producer's key needs its producer, and no other key has one."""
    with pytest.raises(Invalid) as error:
        create(store, clock, role, "Lan", producer)
    assert error.value.code == "producer_mismatch"
    assert listed(store) == []


@pytest.mark.parametrize("name", ["", "a" * 61, "a\n", "a/b", "<b>", "a#b", "a\x00", "tem\t1"])
def test_odd_names_are_refused(store: Engine, clock: SetClock, name: str) -> None:
    """A name that could confuse a log line or a page is refused."""
    with pytest.raises(Invalid) as error:
        create(store, clock, name=name)
    assert error.value.code == "invalid_name"


def test_vietnamese_names_are_welcome(store: Engine, clock: SetClock) -> None:
    """Names are written as people write them."""
    name = "Nguyễn Thị Lan @ máy 2"
    assert ask(store, f"Bearer {create(store, clock, name=name)}").name == name


def test_the_secret_is_nowhere_in_the_database(store: Engine, clock: SetClock) -> None:
    """Neither the list, the table nor the audit trail holds a key that could be used."""
    key = create(store, clock)
    secret = key.split("_")[2]
    c = auth.key_table.c
    with reading(store) as connection:
        rows = connection.execute(select(c.id, c.name, c.role, c.secret_hash)).all()
        trail = audit.entries(connection)
    for text in (repr(rows), repr(listed(store)), repr(trail)):
        assert secret[:64] not in text
        assert key not in text


def test_keys_are_alike_in_form_and_never_the_same(store: Engine, clock: SetClock) -> None:
    """Keys have the published form, which secret scanners look for, and each is its own."""
    keys = [create(store, clock, name=f"n{i}") for i in range(10)]
    assert len(set(keys)) == 10
    assert all(re.fullmatch(r"tem_[0-9a-f]{12}_[0-9a-f]{72}", key) for key in keys)


def test_a_revoked_key_is_refused_at_once(store: Engine, clock: SetClock) -> None:
    """From the revocation on the key opens nothing, and other keys go on."""
    old, new = create(store, clock), create(store, clock)
    holder = ask(store, f"Bearer {old}")
    with writing(store) as connection:
        auth.revoke_key(connection, clock.advance(days=1), "machine:root", holder.key_id)
    assert refused(store, f"Bearer {old}") == "key_not_valid"
    assert ask(store, f"Bearer {new}").name == "Lan"
    revoked = {key.id: key.revoked_at for key in listed(store)}
    assert revoked.pop(holder.key_id) == clock()
    assert list(revoked.values()) == [None]


def test_only_a_live_key_can_be_revoked(store: Engine, clock: SetClock) -> None:
    """Revoking what is not there, or twice, is an error that leaves no trace."""
    holder = ask(store, f"Bearer {create(store, clock)}")
    for key_id in (holder.key_id, holder.key_id, "000000000000", ""):
        try:
            with writing(store) as connection:
                auth.revoke_key(connection, clock(), "machine:root", key_id)
        except NotFound as error:
            assert error.code == "no_such_key"
    with reading(store) as connection:
        actions = [entry.action for entry in audit.entries(connection)]
        assert list(audit.faults(connection)) == []
    assert actions == ["key.created", "key.revoked"]


def test_two_live_keys_a_name(store: Engine, clock: SetClock) -> None:
    """A name has at most two live keys, the old and the new one; a revoked one makes room."""
    first = ask(store, f"Bearer {create(store, clock)}")
    create(store, clock)
    with pytest.raises(Conflict) as error:
        create(store, clock)
    assert error.value.code == "too_many_live_keys"
    with writing(store) as connection:
        auth.revoke_key(connection, clock(), "machine:root", first.key_id)
    create(store, clock)
    assert len(listed(store)) == 3


def test_keys_are_listed_oldest_first(store: Engine, clock: SetClock) -> None:
    """The list shows each key with everything but its secret, in the order of making."""
    for name in ("C", "A", "B"):
        create(store, clock, name=name)
        clock.advance(minutes=1)
    assert [(key.name, key.role) for key in listed(store)] == [
        ("C", "office"),
        ("A", "office"),
        ("B", "office"),
    ]


def test_headers_without_a_key(store: Engine) -> None:
    """A request without a bearer key is told to send one."""
    for header in (None, "", "Bearer", "Bearer ", "Basic dGVtOnRlbQ==", "tem_abc"):
        assert refused(store, header) == "key_missing"


def test_mistyped_keys_are_told_from_unknown_ones(store: Engine, clock: SetClock) -> None:
    """A wrong digit fails the checksum; a well-formed key of nobody is not valid."""
    key = create(store, clock)
    last = "0" if key[-1] != "0" else "1"
    odd = (key[:-1], key + "0", key[:-1] + last, key.upper(), f"{key} x", "tem_", "\u0661" * 89)
    for token in odd:
        assert refused(store, f"Bearer {token}") == "key_malformed"
    other = "0" * 12
    secret = key.split("_")[2][:64]
    stranger = f"tem_{other}_{secret}{auth._checksum(other, secret)}"
    assert refused(store, f"Bearer {stranger}") == "key_not_valid"
    wrong = "f" * 64
    guessed = f"{key[:17]}{wrong}{auth._checksum(key[4:16], wrong)}"
    assert refused(store, f"Bearer {guessed}") == "key_not_valid"


def test_the_scheme_is_read_without_regard_to_case(store: Engine, clock: SetClock) -> None:
    """`bearer` and blanks around the key are forgiven, as HTTP does."""
    key = create(store, clock)
    for header in (f"bearer {key}", f"BEARER {key}", f"Bearer  {key} "):
        assert ask(store, header).name == "Lan"


def test_a_role_opens_only_its_own_doors() -> None:
    """A principal passes where its role is named and nowhere else."""
    retailer = Principal("0" * 12, "Shop", Role.RETAILER)
    retailer.require(Role.RETAILER)
    retailer.require(Role.OFFICE, Role.RETAILER)
    with pytest.raises(Forbidden) as error:
        retailer.require(Role.OFFICE, Role.AUDITOR)
    assert error.value.code == "role_not_allowed"
    assert "office or auditor" in error.value.detail
