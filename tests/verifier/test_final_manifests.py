"""Manifests known to be final are asked of the verifier's store once, and stay final."""

from sqlalchemy import Engine, event
from tests.registry.records import Register
from tests.verifier.conftest import Opener
from tests.verifier.mint import Mint, Minted, publish


def test_a_restart_asks_the_store_once_for_all_batches(
    register: Register, mint: Mint, batch: Minted, open_verifier: Opener
) -> None:
    """A verifier that starts again reads what is final in one query and writes nothing of it."""
    more = [publish(register, mint.sign(number)) for number in (2, 3, 4)]
    open_verifier()
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if "FROM accepted_manifest" in statement or "INTO accepted_manifest" in statement:
            asked.append(statement.split()[0])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        again = open_verifier()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert asked == ["SELECT"]
    assert {again.verdict(one.text(1)) for one in (batch, *more)} == {"NOT_ACTIVATED"}


def test_another_manifest_for_a_number_is_refused_after_a_restart(
    register: Register, mint: Mint, batch: Minted, open_verifier: Opener
) -> None:
    """The first manifest stays the only one, also for a verifier that knows it by its digest."""
    open_verifier()
    other = mint.sign(1)
    row = type("Row", (), {"number": 1, "product_id": "SP1", "producer_id": "P1"})()
    row.manifest, row.signature = other.manifest, other.signature
    again = open_verifier()
    with register.read() as connection:
        assert again.index.acceptance.accept(connection, [row]) == {row.number: None}
    assert again.verdict(batch.text(1)) == "NOT_ACTIVATED"
