"""Which stamps' scans are worth a look, and how the pages of them follow each other."""

from datetime import date

import pytest

from tem.vocabulary import Noticed, StampState
from tem_verifier import scans_noticed
from tem_verifier.scans_noticed import StampScans, kinds_of
from tem_verifier.stamp_set import Stamp

DAY = date(2026, 11, 20)
MANY = Noticed.MANY_SCANS


@pytest.mark.parametrize(
    ("state", "often", "kinds"),
    [
        (StampState.ISSUED, False, (Noticed.SCANNED_NOT_ACTIVATED,)),
        (StampState.DELIVERED, False, (Noticed.SCANNED_NOT_ACTIVATED,)),
        (StampState.DELIVERED, True, (Noticed.SCANNED_NOT_ACTIVATED, MANY)),
        (StampState.ACTIVATED, False, ()),
        (StampState.ACTIVATED, True, (MANY,)),
        (StampState.VOID, False, (Noticed.SCANNED_VOID,)),
        (StampState.REVOKED, True, (Noticed.SCANNED_REVOKED, MANY)),
        (None, True, ()),
    ],
)
def test_what_is_noticed(state: StampState | None, often: bool, kinds: tuple[Noticed, ...]) -> None:
    """Stamps that nobody should meet on goods, and those scanned often; not what is unknown."""
    assert kinds_of(state, often=often) == kinds


# Stamps 1 to 9,000 of batch 1 were scanned; each tenth is void, and 35 was scanned often.
SCANNED = [StampScans(1, index, 1, 1, DAY, DAY) for index in range(9000, 0, -1)]


def _read(below: Stamp | None, limit: int) -> list[StampScans]:
    skipped = 0 if below is None else 9000 - below[1] + 1
    return SCANNED[skipped : skipped + limit]


def _page(
    after: Stamp | None, limit: int, kind: str | None = None
) -> tuple[list[int], Stamp | None]:
    page = scans_noticed.page(
        _read,
        lambda _, index: StampState.VOID if index % 10 == 0 else StampState.ACTIVATED,
        lambda stamp: stamp == (1, 35),
        after,
        limit,
        kind,
    )
    return [one.scans.index for one in page.items], page.after


def test_pages_follow_each_other() -> None:
    """Together they have every stamp noticed once, whichever limit is asked for."""
    whole, after = _page(None, 2000)
    assert after is None and len(whole) == 901 and whole == sorted(whole, reverse=True)
    found, after = _page(None, 400)
    while after is not None:
        more, after = _page(after, 400)
        found += more
    assert found == whole


def test_one_kind_alone() -> None:
    """A stamp of two kinds is found by both."""
    assert _page(None, 10, Noticed.MANY_SCANS) == ([35], None)
    assert _page((1, 30), 10, Noticed.SCANNED_VOID) == ([20, 10], None)
    assert _page(None, 10, Noticed.SCANNED_REVOKED) == ([], None)


def test_the_work_of_a_page_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page ends after so many stamps looked through, and says where to go on."""
    monkeypatch.setattr(scans_noticed, "MOST_EXAMINED", 3000)
    assert _page(None, 10, Noticed.MANY_SCANS) == ([], (1, 6001))
    assert _page((1, 3001), 10, Noticed.MANY_SCANS)[0] == [35]
