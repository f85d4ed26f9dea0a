"""The verdict of the usual design: state and dates, in our order, on the day of the question."""

from datetime import date


def verdict(
    state: str, best_before: date, info_expires_on: date, recall: str | None, today: date
) -> str:
    """The word for an activated, void or revoked stamp of a lot."""
    if state == "void":
        return "VOID"
    if state == "revoked":
        return "STAMP_REVOKED"
    if recall is not None:
        return "RECALLED"
    if today > info_expires_on:
        return "INFO_EXPIRED"
    return "PAST_DATE" if today > best_before else "OK"


SHOWN = ("OK", "PAST_DATE", "RECALLED")  # verdicts that show the goods
