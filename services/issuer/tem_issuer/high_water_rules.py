"""The high-water mark: what a copy of the database that went back would not know.

The mark is kept apart from the database and only ever rises. Numbers are batch numbers.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from tem.errors import Invalid, Unavailable

MOST_AHEAD = 1_000_000  # no backup is so many batches old
TOLD_TO_DO = (
    "Nothing was changed. Put the right database back, or, if this one is to go on, run "
    "`tem issuer accept-restore`: docs/operations.md."
)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far numbers were given.

    Up to ``reserved`` a number may have been given: it was written before the commit. Up to
    ``committed`` it was: written after the commit, and before the number was told to anybody.
    ``unsigned`` are those of them that may still be signed; any other one was settled for good.
    """

    reserved: int
    committed: int
    unsigned: frozenset[int] = frozenset()


def check_position(mark: Mark, next_number: int) -> None:
    """Raises Unavailable if the database would give out a number that was given before."""
    if next_number <= mark.committed:
        raise Unavailable(
            "issuer_restored",
            f"The database would give number {next_number} next, but number {mark.committed} was "
            f"given already: an older copy is in its place. {TOLD_TO_DO}",
        )


def free_number(mark: Mark, next_number: int) -> int:
    """The first number nobody may have been given. Raises Unavailable as above.

    A number that was written down but never known to be committed is passed over: whether its
    transaction was lost or taken back cannot be told from here.
    """
    check_position(mark, next_number)
    return max(next_number, mark.reserved + 1)


def check_unsigned(mark: Mark, waiting: Iterable[int]) -> None:
    """Raises Unavailable if a batch waits for its signatures that was settled before."""
    for number in waiting:
        if was_settled(mark, number):
            raise Unavailable(
                "issuer_restored",
                f"Batch {number} waits for the signer, but it was released or given up before: an "
                f"older copy of the database is in its place. {TOLD_TO_DO}",
            )


def was_settled(mark: Mark, number: int) -> bool:
    """Whether a number was given and may not be signed any more."""
    return number <= mark.committed and number not in mark.unsigned


def intended(mark: Mark, number: int) -> Mark:
    """The mark before the transaction that takes ``number`` commits.

    Raises Unavailable if the number was taken since it was found to be free: the lock of the
    counter's row orders one database, so there are two that share the mark.
    """
    if number <= mark.reserved:
        raise Unavailable(
            "issuer_restored",
            f"Number {number} was taken by another database meanwhile: an older copy and its "
            f"successor are both in use. {TOLD_TO_DO}",
        )
    return replace(mark, reserved=number, unsigned=mark.unsigned | {number})


def confirmed(mark: Mark, number: int) -> Mark:
    """The mark once it is known that ``number``, and so each before it, was taken."""
    return replace(mark, reserved=max(mark.reserved, number), committed=max(mark.committed, number))


def compared(mark: Mark, next_number: int, waiting: Collection[int]) -> Mark:
    """The mark after a look at the database, which the caller found to be no older copy.

    What was settled there meanwhile is settled here; numbers taken since the look stay.
    """
    still = {n for n in waiting if not was_settled(mark, n)}
    later = {n for n in mark.unsigned if n >= next_number}
    return replace(confirmed(mark, next_number - 1), unsigned=frozenset(still | later))


def check_past(mark: Mark | None, past: int, known: int) -> None:
    """Raises Invalid where ``past`` cannot be the highest number that was given.

    ``known`` is the highest one that the database or the files of hashes tell.
    """
    if mark is None and past < known:
        raise Invalid(
            "past_too_low",
            f"Numbers up to {known} are used up already: --past is the highest that was ever "
            "given, and the high-water mark that knew it is lost.",
        )
    furthest = MOST_AHEAD + (max(known, mark.reserved, mark.committed) if mark else known)
    if past > furthest:
        raise Invalid(
            "past_too_far",
            f"{past} is more than a million past every number known here, and what is passed over "
            f"is never given: is it a typo? If not, go on in steps: --past {furthest}.",
        )


def accepted(mark: Mark | None, next_number: int, past: int, waiting: Collection[int]) -> Mark:
    """The mark with which a database that went back goes on; every number it knows is used up.

    ``past`` is the highest number known elsewhere. Of the batches ``waiting`` to be signed those
    may still be that the mark has as unsigned; without a mark none, for nobody can tell.
    """
    known = (mark.reserved, mark.committed) if mark else ()
    last = max(next_number - 1, past, *known)
    unsigned = (n for n in waiting if mark is not None and not was_settled(mark, n))
    return Mark(last, last, frozenset(unsigned))


def replacing(present: Mark, seen: Mark, new: Mark) -> Mark:
    """``new``, made out of the mark ``seen``. Raises Unavailable if numbers were given since."""
    if (present.reserved, present.committed) != (seen.reserved, seen.committed):
        raise Unavailable(
            "issuer_running",
            "The high-water mark was raised meanwhile: a database is still in use with it. Stop "
            "every process of the issuer, then try again. Nothing was changed.",
        )
    return new


def first_after(number: int, passed_over: Iterable[tuple[int, int]]) -> int:
    """``number``, or the first one behind the ranges passed over that it lies in."""
    for first, last in passed_over:
        if first <= number <= last:
            number = last + 1
    return number
