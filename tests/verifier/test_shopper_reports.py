"""Reports remembered: once for each form, in order, closed once, forgotten a year later."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from tests.conftest import SetClock

from tem.databases.database import reading, writing
from tem.errors import Conflict, Invalid, NotFound
from tem.trail import audit
from tem_verifier import scan_upkeep
from tem_verifier.reports import report_rules, reports
from tem_verifier.reports.report_rules import Draft
from tem_verifier.reports.reports import About
from tem_verifier.reports.tables import report_photo_table, report_table
from tem_verifier.stamps_scanned import Rules

NAMED = About("OK", (1, 2))
DRAFT = Draft(kind="mismatch", text="Lô khác", place="Chợ", position=(18.343, 105.906))
ACTOR = "service:registry#0"


def taken(
    store: Engine,
    clock: SetClock,
    number: int,
    photo: bytes | None = None,
    about: About = NAMED,
) -> str:
    """A report whose form has a token of this number."""
    draft = replace(DRAFT, token=f"{number:032x}")
    with writing(store) as connection:
        return reports.take(connection, clock(), draft, about, photo)


def listed(store: Engine, state: str | None = None, after: str | None = None) -> list[str]:
    """The numbers of the reports in their order."""
    with reading(store) as connection:
        return [row.id for row in reports.page(connection, state, after, 10)]


def closed(store: Engine, clock: SetClock, id: str) -> None:
    """Close a report."""
    with writing(store) as connection:
        reports.close(connection, clock(), ACTOR, id, "office:hoa", "Đã kiểm tra.")


def rows(store: Engine) -> tuple[int, int]:
    """How many reports and photos there are."""
    with reading(store) as connection:
        count = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (report_table, report_photo_table)
        ]
    return count[0], count[1]


def test_a_form_sent_twice_is_one_report(own_store: Engine, clock: SetClock) -> None:
    """The second time its number is told again, and no photo is kept twice."""
    first = taken(own_store, clock, 1, b"photo")
    clock.advance(minutes=1)
    assert taken(own_store, clock, 1, b"photo") == first
    assert taken(own_store, clock, 2) != first
    assert rows(own_store) == (2, 1)
    with reading(own_store) as connection:
        (row, _) = reports.page(connection, None, None, 10)
        assert reports.photo_of(connection, first) == b"photo"
        with pytest.raises(NotFound):
            reports.photo_of(connection, row.id if row.id != first else "none")
    assert (row.batch, row.verdict, row.text, row.place) == (1, "OK", "Lô khác", "Chợ")
    assert (row.lat, row.lng, row.has_photo) == (18_343, 105_906, True)


def test_reports_come_in_their_order_page_by_page(own_store: Engine, clock: SetClock) -> None:
    """After the last one that a reader has come those that it lacks, of the state it asks for."""
    numbers = []
    for number in range(4):
        numbers.append(taken(own_store, clock, number))
        clock.advance(seconds=number % 2)  # two at the same instant
    numbers = listed(own_store)
    assert len(numbers) == 4
    assert listed(own_store, after=numbers[1]) == numbers[2:]
    closed(own_store, clock, numbers[2])
    assert listed(own_store, "closed") == [numbers[2]]
    assert listed(own_store, "open", numbers[0]) == [numbers[1], numbers[3]]
    with reading(own_store) as connection, pytest.raises(Invalid):
        reports.page(connection, None, "261120-00000", 10)


def test_a_report_is_closed_once_and_the_trail_says_by_whom(
    own_store: Engine, clock: SetClock
) -> None:
    """A second closing is refused and changes nothing; the note, which may name people, is not
    in the trail, whose entries cannot be erased."""
    id = taken(own_store, clock, 1)
    closed(own_store, clock, id)
    with pytest.raises(Conflict):
        closed(own_store, clock, id)
    with pytest.raises(NotFound):
        closed(own_store, clock, "261120-00000")
    with reading(own_store) as connection:
        (entry,) = audit.entries(connection)
    assert (entry.action, entry.object, entry.actor) == ("report.closed", f"report:{id}", ACTOR)
    assert entry.details == {"by": "office:hoa"}


def test_a_day_takes_no_more_than_can_be_read(
    own_store: Engine, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ceiling is for a day of Vietnam's calendar, and lower for who names no stamp of ours."""
    monkeypatch.setattr(report_rules, "MOST_A_DAY", 3)
    monkeypatch.setattr(report_rules, "MOST_UNNAMED", 1)
    taken(own_store, clock, 1)
    for number, about, room in ((2, About(), (True, False)), (3, NAMED, (False, False))):
        taken(own_store, clock, number, about=about)
        with reading(own_store) as connection:
            found = [reports.has_room(connection, clock(), one) for one in (NAMED, About())]
            assert tuple(found) == room
            tomorrow = clock() + timedelta(days=1)
            assert reports.has_room(connection, tomorrow, About())


def test_upkeep_forgets_what_was_closed_a_year_ago(own_store: Engine, clock: SetClock) -> None:
    """Twelve months after it was closed a report goes with its photo; an open one stays."""
    old, kept, still_open = (taken(own_store, clock, number, b"photo") for number in range(3))
    closed(own_store, clock, old)
    clock.advance(days=2)
    closed(own_store, clock, kept)
    clock.advance(days=364)
    with writing(own_store) as connection:
        scan_upkeep.tidy(connection, clock(), Rules(50, 5, 90))
    assert sorted(listed(own_store)) == sorted([kept, still_open])
    assert rows(own_store) == (2, 2)
