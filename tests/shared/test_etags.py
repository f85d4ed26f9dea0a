"""Versions of a thing: strong tags of its content, and the conditions made with them."""

import pytest

from tem.errors import PreconditionFailed
from tem.http import etags

CONTENT = {"name": "Nước mắm", "stars": 4}
TAG = etags.of(CONTENT)


def test_a_tag_is_the_contents() -> None:
    """The same content has the same tag in any order of members, other content another one."""
    assert etags.of({"stars": 4, "name": "Nước mắm"}) == TAG
    assert etags.of({**CONTENT, "stars": 3}) != TAG
    assert TAG[0] == TAG[-1] == '"' and len(TAG) == 34


@pytest.mark.parametrize(
    ("header", "holds"),
    [
        (None, True),
        ("*", True),
        (TAG, True),
        (f'"other", {TAG}', True),
        (f"W/{TAG}", False),
        ('"other"', False),
        ("", False),
        (TAG[1:-1], False),
        ('"' * 5000, False),
    ],
)
def test_if_match(header: str | None, holds: bool) -> None:
    """If-Match compares strongly: a weak tag never matches, nor does one without its quotes."""
    if holds:
        etags.check_match(header, CONTENT)
        return
    with pytest.raises(PreconditionFailed) as refused:
        etags.check_match(header, CONTENT)
    assert refused.value.code == "precondition_failed"


@pytest.mark.parametrize(
    ("header", "held"),
    [
        (None, False),
        ("*", True),
        (TAG, True),
        (f"W/{TAG}", True),
        (f'"other", W/{TAG}', True),
        ('"other"', False),
    ],
)
def test_if_none_match(header: str | None, held: bool) -> None:
    """If-None-Match compares weakly: a proxy may have weakened the tag on its way."""
    assert etags.is_held(header, TAG) is held
