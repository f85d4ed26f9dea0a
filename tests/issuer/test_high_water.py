"""The high-water mark: its rules as a table, and the file they are kept in."""

import os
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tem.errors import Invalid, Unavailable
from tem.installation import Installation
from tem_issuer import high_water, settings
from tem_issuer.high_water_rules import (
    Mark,
    accepted,
    check_past,
    check_position,
    check_unsigned,
    compared,
    confirmed,
    first_after,
    free_number,
    intended,
    replacing,
)

MARK = Mark(reserved=9, committed=7, unsigned=frozenset({5, 7, 8, 9}))


@pytest.mark.parametrize(
    ("next_number", "free"),
    [(1, None), (6, None), (7, None), (8, 10), (9, 10), (10, 10), (11, 11), (500, 500)],
)
def test_which_number_is_free(next_number: int, free: int | None) -> None:
    """Given before: refused. Perhaps given: passed over. Behind the mark: taken."""
    if free is None:
        with pytest.raises(Unavailable) as caught:
            free_number(MARK, next_number)
        assert caught.value.code == "issuer_restored"
        assert "accept-restore" in caught.value.detail
        with pytest.raises(Unavailable):
            check_position(MARK, next_number)
    else:
        assert free_number(MARK, next_number) == free
        check_position(MARK, next_number)


@pytest.mark.parametrize(
    ("waiting", "fine"),
    [([], True), ([5, 7], True), ([8, 12], True), ([6], False), ([5, 1], False)],
)
def test_which_batches_may_be_signed(waiting: list[int], fine: bool) -> None:
    """Only those that the mark has as unsigned, or that it was never told of."""
    if fine:
        check_unsigned(MARK, waiting)
        return
    with pytest.raises(Unavailable) as caught:
        check_unsigned(MARK, waiting)
    assert caught.value.code == "issuer_restored"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (intended(MARK, 10), Mark(10, 7, frozenset({5, 7, 8, 9, 10}))),
        (confirmed(MARK, 9), Mark(9, 9, MARK.unsigned)),
        (confirmed(MARK, 12), Mark(12, 12, MARK.unsigned)),
        (confirmed(MARK, 2), MARK),
        # 5 was released, 7 waits, 8 was taken; 9 is being taken since the database was looked at.
        (compared(MARK, 9, [7, 8]), Mark(9, 8, frozenset({7, 8, 9}))),
        # 10 was reserved by a version that knows no mark.
        (compared(MARK, 11, [5, 10]), Mark(10, 10, frozenset({5, 10}))),
        # An older copy: 4 and 6 were settled, only 5 may still be signed.
        (accepted(MARK, 7, 0, [4, 5, 6]), Mark(9, 9, frozenset({5}))),
        (accepted(MARK, 7, 20, [5]), Mark(20, 20, frozenset({5}))),
        (accepted(None, 7, 20, [5]), Mark(20, 20, frozenset())),
        (accepted(None, 7, 3, []), Mark(6, 6, frozenset())),
    ],
)
def test_how_the_mark_moves(after: Mark, expected: Mark) -> None:
    """Numbers only rise, and what was settled never waits again."""
    assert after == expected


@pytest.mark.parametrize("number", [3, 8, 9])
def test_a_number_that_another_database_took_meanwhile_is_not_taken(number: int) -> None:
    """Between the look at the mark and its raising, whoever else raised it has the number."""
    with pytest.raises(Unavailable) as caught:
        intended(MARK, number)
    assert caught.value.code == "issuer_restored"


def test_a_mark_raised_while_a_restore_is_accepted_is_not_lowered() -> None:
    """A signer may have settled batches meanwhile; that a number was given refuses."""
    new = Mark(9, 9)
    assert replacing(replace(MARK, unsigned=frozenset()), MARK, new) == new
    with pytest.raises(Unavailable, match="Stop"):
        replacing(intended(MARK, 10), MARK, new)


@pytest.mark.parametrize(
    ("mark", "past", "code"),
    [
        (MARK, 0, ""),
        (MARK, 1_000_009, ""),
        (MARK, 1_000_010, "past_too_far"),
        (None, 3, "past_too_low"),
        (None, 4, ""),
        (None, 1_000_005, "past_too_far"),
    ],
)
def test_which_number_an_operator_may_name(mark: Mark | None, past: int, code: str) -> None:
    """A typo does not use all numbers up; where the mark is lost, none is named that is known."""
    if not code:
        check_past(mark, past, known=4)
        return
    with pytest.raises(Invalid) as caught:
        check_past(mark, past, known=4)
    assert caught.value.code == code


@pytest.mark.parametrize(("number", "expected"), [(1, 1), (3, 7), (4, 7), (7, 7), (9, 12)])
def test_gaps_that_are_explained_are_passed(number: int, expected: int) -> None:
    """Ranges side by side count as one."""
    assert first_after(number, [(3, 4), (5, 6), (9, 11)]) == expected


def test_a_mark_is_read_back_and_its_owner_s_alone(tmp_path: Path) -> None:
    """Every field comes back; nobody else may read or write it."""
    path = tmp_path / "apart" / "issuer.json"
    assert high_water.find(path) is None
    high_water.put(path, MARK)
    assert high_water.find(path) == high_water.required(path) == MARK
    assert all(one.stat().st_mode & 0o077 == 0 for one in (path.parent, *path.parent.iterdir()))


def code_of(path: Path) -> str:
    with pytest.raises(Unavailable) as caught:
        high_water.change(path, lambda mark: intended(mark, 99))
    return caught.value.code


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"format": "tem-high-water-v1", "reserved": 1, "committed": 1}',
        '{"format": "tem-high-water-v1", "reserved": -1, "committed": 1, "unsigned": []}',
        '{"format": "tem-high-water-v1", "reserved": 1, "committed": true, "unsigned": []}',
        '{"format": "tem-high-water-v2", "reserved": 1, "committed": 1, "unsigned": []}',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_a_damaged_mark_stops_everything(tmp_path: Path, content: str) -> None:
    """What is no mark is not taken for a low one, and stays as it is."""
    path = tmp_path / "issuer.json"
    path.write_text(content)
    assert code_of(path) == "high_water_damaged"
    assert path.read_text() == content


def test_a_missing_mark_is_not_made_by_raising_it(tmp_path: Path) -> None:
    """Neither the file nor, where a disk is not mounted, its folder."""
    assert code_of(tmp_path / "issuer.json") == "high_water_missing"
    assert code_of(tmp_path / "away" / "issuer.json") == "high_water_missing"
    assert not (tmp_path / "away").exists()
    assert not (tmp_path / "issuer.json").exists()


def test_a_mark_behind_a_link_stays_there(tmp_path: Path) -> None:
    """The file on the other disk is raised, and the link to it is not replaced by a file."""
    link, file = tmp_path / "issuer.json", tmp_path / "other-disk" / "mark.json"
    high_water.put(file, MARK)
    link.symlink_to(file)
    config = settings.read({"TEM_ISSUER_HIGH_WATER_FILE": str(link)}, Installation(tmp_path))
    high_water.change(config.high_water, lambda mark: confirmed(mark, 12))
    assert link.is_symlink()
    assert high_water.required(file).committed == 12


def test_many_that_raise_it_lose_nothing(tmp_path: Path) -> None:
    """Threads, each with numbers of its own, as several processes would."""
    path = tmp_path / "issuer.json"
    high_water.put(path, Mark(40, 0))

    def add(number: int) -> None:
        high_water.change(path, lambda m: replace(m, unsigned=m.unsigned | {number}))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(1, 41)))
    assert high_water.required(path) == Mark(40, 0, frozenset(range(1, 41)))
    assert sorted(os.listdir(tmp_path)) == ["issuer.json", "issuer.lock"]


def test_a_full_disk_leaves_the_mark_and_nothing_beside_it(tmp_path: Path) -> None:
    """What was written of the next one goes away: it may be the disk that is full."""
    path = tmp_path / "issuer.json"
    high_water.put(path, MARK)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        code = code_of(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert code == "high_water_unwritable" and high_water.required(path) == MARK
    assert sorted(os.listdir(tmp_path)) == ["issuer.json", "issuer.lock"]
