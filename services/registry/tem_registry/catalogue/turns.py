"""A producer's status as turns, each from its first day: what a statement of the office does. Pure.

What is stated is what counts: a turn stated anew takes away those that begin after it, so that no
older entry silently overrules it, and a day that was wrong is moved rather than left beside.
"""

from datetime import date

from tem.errors import Invalid
from tem.vocabulary import ProducerStatus
from tem_registry.rules import Statuses

Turn = tuple[ProducerStatus, date]


def in_force(turns: Statuses, day: date) -> Turn | None:
    """The turn that counts on a day; None before the first, when a producer is active."""
    return max((one for one in turns if one[1] <= day), key=lambda one: one[1], default=None)


def stated(
    turns: Statuses, status: ProducerStatus | None, since: date | None, today: date
) -> Statuses:
    """The turns after a statement of a status, of its first day, or of both.

    A status alone counts from today; the one in force already calls off what lies ahead. A day
    alone moves the present turn, or the one that lies ahead where nothing else is known. Both:
    the same status as today's moves its day; a status that counted on that day already goes on,
    and what came after goes; another begins a turn.
    Raises Invalid where a day alone could mean several turns.
    """
    now = in_force(turns, today)
    if status is None:
        old = _only(turns, now, today)
        status = old[0] if old else ProducerStatus.ACTIVE
    elif since is None and status == (now[0] if now else ProducerStatus.ACTIVE):
        return tuple(one for one in turns if one[1] <= today) or ((status, today),)
    else:
        day = since or today
        old = now if day <= today and now and now[0] is status else in_force(turns, day)
        if old is None or old[0] is not status:
            old = None
        elif old != now and day <= today:  # it was so on that day already
            return tuple(one for one in turns if one[1] <= day)
    begins = since or today
    left = [one for one in turns if one != old]
    kept = [one for one in left if one[1] < begins]
    if old is not None:  # a day was corrected: what lies ahead of both still does
        kept += [one for one in left if one[1] > max(begins, today)]
    return tuple(sorted([*kept, (status, begins)], key=lambda one: one[1]))


def _only(turns: Statuses, now: Turn | None, today: date) -> Turn | None:
    """The one turn a day without a status can be about."""
    found = ([now] if now else []) + [one for one in turns if one[1] > today]
    if len(found) > 1:
        raise Invalid(
            "status_day_ambiguous", "A change of status lies ahead: send status with its day."
        )
    return found[0] if found else None
