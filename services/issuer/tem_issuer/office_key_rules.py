"""The rules of office keys, without any I/O: who signs what, and what may be done to a key."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tem.errors import Conflict, Invalid, NotFound
from tem.stampcode import FIRST_TEST_BATCH, MAX_BATCH
from tem.trust import OfficeKey

KeyList = Mapping[str, OfficeKey]


def signer_of(number: int, usable: Iterable[OfficeKey]) -> OfficeKey | None:
    """The key that signs a batch, of those not frozen and at hand: trusted for its number.

    Where two overlap, the one that began first goes on until its range is closed: that is what
    activation does.
    """
    trusted = (key for key in usable if key.first_batch <= number <= key.last_batch)
    return min(trusted, key=lambda key: key.first_batch, default=None)


def first_gap(
    usable: Collection[OfficeKey], wanted: Collection[int], sandbox: bool
) -> tuple[int, int] | None:
    """The first range of numbers without a signer: of those ``wanted``, and all behind them."""
    ends = (key.last_batch + 1 for key in usable)
    behind = sorted(end for end in ends if max(wanted) < end <= numbers_of(sandbox)[1])
    for number in (*sorted(wanted), *behind):
        if signer_of(number, usable) is None:
            later = (key.first_batch for key in usable if key.first_batch > number)
            return number, min(later, default=MAX_BATCH + 1) - 1
    return None


def numbers_of(sandbox: bool) -> tuple[int, int]:
    """The lowest and the highest number of an environment."""
    return (FIRST_TEST_BATCH, MAX_BATCH) if sandbox else (1, FIRST_TEST_BATCH - 1)


def named(known: KeyList, name: str) -> OfficeKey:
    """The key whose id begins so; 8 digits at least. Raises NotFound."""
    found = [key for key_id, key in known.items() if len(name) >= 8 and key_id.startswith(name)]
    if len(found) != 1:
        raise NotFound(
            "no_such_office_key",
            f"trust.json names no key {name}: give 8 digits of its id or more, as `show` has it.",
        )
    return found[0]


def first_of_next(usable: Collection[OfficeKey], next_number: int, wanted: int | None) -> int:
    """Where the range of the next key begins: the number wanted, else the next one to be taken.

    It lies behind the beginning of the key that would sign there, for no range is empty: one
    that has signed nothing yet keeps its first number. Raises Invalid for any other.
    """
    number = max(next_number, wanted or 0)
    signer = signer_of(number, usable)
    while wanted is None and signer is not None and number == signer.first_batch:
        number += 1
        signer = signer_of(number, usable)
    first = number if wanted is None else wanted
    if signer is None or not signer.first_batch < first <= signer.last_batch:
        lowest = signer.first_batch + 1 if signer else next_number
        raise Invalid(
            "bad_first_batch",
            f"The next key begins with {lowest} or later; the next batch will be {next_number}.",
        )
    return first


def first_after_loss(oldest_waiting: int | None, wanted: int | None, sandbox: bool) -> int:
    """Where a key begins that takes over from one that is gone: with the oldest batch that waits.

    ``oldest_waiting`` is None where the database is not at hand: then a number must be given.
    Raises Invalid for one of another environment, or one that would leave batches waiting.
    """
    first = oldest_waiting if wanted is None else wanted
    lowest, highest = numbers_of(sandbox)
    if first is None:
        raise Invalid("first_batch_missing", "Give --first-batch: no database is at hand.")
    if not lowest <= first <= highest:
        raise Invalid("bad_first_batch", f"--first-batch is a number from {lowest} to {highest}.")
    if oldest_waiting is not None and first > oldest_waiting:
        raise Invalid(
            "bad_first_batch",
            f"Batch {oldest_waiting} is not signed yet and would wait for ever: begin there.",
        )
    return first


def activated(
    known: KeyList, new: OfficeKey, here: Collection[str], next_number: int
) -> tuple[int, list[OfficeKey]]:
    """From which number on a prepared key signs, and the list of keys that says so.

    Never a number already taken: whoever signs one goes on to, so nobody needs a common instant.
    Keys whose private part is gone stay as they are; nobody can sign with them. One that only
    signs what waits closes no other.
    """
    start = max(new.first_batch, next_number)
    if start > new.last_batch:
        return new.first_batch, list(known.values())
    keys = [
        replace(key, last_batch=start - 1)
        if key.id != new.id
        and key.id in here
        and not key.frozen
        and key.first_batch < start <= key.last_batch
        else key
        for key in known.values()
    ]
    return start, keys


def require_usable(key: OfficeKey) -> None:
    """Raises Conflict for a frozen key: it never signs again."""
    if key.frozen:
        raise Conflict("office_key_frozen", f"{key.id[:16]} is frozen: it never signs again.")


def require_retirable(
    usable: Collection[OfficeKey], key: OfficeKey, wanted: Collection[int]
) -> None:
    """Raises Conflict if a batch not signed yet, the next one or one to come needs this key."""
    for number in (*wanted, max(*wanted, key.first_batch)):
        signer = signer_of(number, usable)
        if signer is not None and signer.id == key.id:
            raise Conflict(
                "office_key_in_use",
                f"{key.id[:16]} still signs batch {number}: prepare and activate another key "
                "first, and wait until what it signs is released. A key that cannot be opened "
                "any more is given up with --lost.",
            )
