"""Which key signs which numbers, and where the next one begins: pure rules."""

from dataclasses import replace

import pytest

from tem.errors import TemError
from tem.stampcode import MAX_BATCH
from tem.trust import OfficeKey
from tem_issuer import office_key_rules as rules

OLD, NEW, THIRD = (OfficeKey(bytes([n]) * 32, first_batch=n * 10 + 1) for n in range(3))
CLOSED = replace(OLD, last_batch=14)


@pytest.mark.parametrize(
    ("number", "usable", "signer"),
    [
        (5, [OLD], OLD),
        (5, [], None),
        (5, [NEW], None),
        (15, [OLD, NEW], OLD),
        (15, [NEW, OLD], OLD),
        (15, [CLOSED, NEW], NEW),
        (14, [CLOSED, NEW], CLOSED),
    ],
)
def test_who_signs(number: int, usable: list[OfficeKey], signer: OfficeKey | None) -> None:
    """Of the keys not frozen and at hand, one trusted for the number; the oldest goes first."""
    assert rules.signer_of(number, usable) == signer


@pytest.mark.parametrize(
    ("usable", "wanted", "gap"),
    [
        ([OLD], [4, 7], None),
        ([], [4, 7], (4, MAX_BATCH)),
        ([NEW], [4, 7], (4, 10)),  # the old one is gone, the new one is to begin with 11
        ([NEW], [20], None),
        ([CLOSED], [4, 7], (15, MAX_BATCH)),  # the new one is gone
        ([CLOSED], [20], (20, MAX_BATCH)),
        ([CLOSED, THIRD], [4], (15, 20)),
    ],
)
def test_which_numbers_have_no_signer(
    usable: list[OfficeKey], wanted: list[int], gap: tuple[int, int] | None
) -> None:
    """The first of those that wait, of the next one and of all behind it."""
    assert rules.first_gap(usable, wanted, False) == gap


@pytest.mark.parametrize(
    ("here", "next_number", "start", "closed"),
    [
        ({OLD.id}, 3, 11, 10),  # numbers up to the new key's beginning are still the old one's
        ({OLD.id}, 11, 11, 10),
        ({OLD.id}, 40, 40, 39),  # numbers already taken keep their signer
        (set(), 40, 40, OLD.last_batch),  # nobody can sign with a key that is gone
    ],
)
def test_from_where_a_key_signs(here: set[str], next_number: int, start: int, closed: int) -> None:
    """An activation changes the signer of no number already taken."""
    found, after = rules.activated({OLD.id: OLD, NEW.id: NEW}, NEW, here, next_number)
    assert (found, after[0].last_batch, after[1]) == (start, closed, NEW)


def test_a_key_for_what_waits_closes_no_range() -> None:
    """It signs numbers already taken; the key that signs what comes goes on."""
    filler = replace(NEW, first_batch=2, last_batch=3)
    assert rules.activated({OLD.id: OLD, NEW.id: filler}, filler, {OLD.id}, 6) == (2, [OLD, filler])


@pytest.mark.parametrize(
    ("usable", "next_number", "wanted", "first"),
    [
        ([OLD], 7, None, 7),
        ([OLD], 7, 8, 8),
        ([OLD], 7, 2, 2),
        ([OLD], 7, 1, None),
        ([OLD], 7, 0, None),
        ([OLD], 1, None, 2),  # no range is empty
        ([replace(OLD, last_batch=1), replace(NEW, first_batch=2)], 1, None, 3),
        ([CLOSED, replace(NEW, first_batch=15)], 7, 20, 20),
        ([CLOSED, replace(NEW, first_batch=15)], 7, 15, None),
    ],
)
def test_where_the_next_key_begins(
    usable: list[OfficeKey], next_number: int, wanted: int | None, first: int | None
) -> None:
    """Behind the beginning of the one before it; with the next number if nothing is said."""
    if first is None:
        with pytest.raises(TemError, match=f"next batch will be {next_number}"):
            rules.first_of_next(usable, next_number, wanted)
    else:
        assert rules.first_of_next(usable, next_number, wanted) == first


@pytest.mark.parametrize(
    ("oldest", "wanted", "sandbox", "first"),
    [
        (4, None, False, 4),
        (4, 2, False, 2),
        (4, 5, False, None),  # batch 4 would wait for ever
        (None, 9, False, 9),
        (None, None, False, None),
        (None, 0xF0000000, False, None),
        (None, 5, True, None),
    ],
)
def test_where_a_key_begins_that_takes_over(
    oldest: int | None, wanted: int | None, sandbox: bool, first: int | None
) -> None:
    """With the oldest batch that waits, or before it; in its own environment alone."""
    if first is None:
        with pytest.raises(TemError):
            rules.first_after_loss(oldest, wanted, sandbox)
    else:
        assert rules.first_after_loss(oldest, wanted, sandbox) == first
