"""What people read when something is refused: a Vietnamese sentence for every code there is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.portal import refusal_codes

from tem_registry.portal import wire_words, wording

HERE = Path(wording.__file__).parent
PORTAL_ALONE = {"invalid", "unknown_field"}  # codes of single fields, made in tem/http/wire.py
# Made by Flask, werkzeug and gunicorn: names of HTTP's statuses.
OF_HTTP = {
    *("bad_request", "not_found", "method_not_allowed", "request_entity_too_large"),
    *("request_uri_too_large", "unsupported_media_type", "unprocessable_entity"),
    "request_header_fields_too_large",
}
# Where a code is not written where it is raised: what may arrive there, read by a person.
ELSEWHERE = {
    "tem.http.problems": OF_HTTP,
    "tem_registry.activation.correction_rules": {"lot_recalled", "lot_purged", "same_lot"},
    "tem_registry.catalogue.contacts": {
        *("phone_form", "email_form", "website_form", "gln_check_digit", "tax_code_form"),
    },
    "tem_registry.importing.drafts": {"import_applied", "import_dropped"},
    "tem_verifier.limits": {"rate_limited"},
    # These pass on what another place in this list, or the source, says.
    "tem_registry.catalogue.catalogue_checks": set(),
    "tem_registry.certificates.certificate_papers": set(),
    "tem_registry.council.council": set(),
    "tem_registry.orders.orders": set(),
    "tem_registry.orders.print_client": set(),
    "tem_registry.lookups.verifier_client": set(),
    "tem_registry.reports.api_audit": set(),
    "tem_registry.rules": set(),
    "tem_registry.stamps.moves": set(),
}
# `tem issuer accept-restore` says them to the operator, from a module that answers share.
OF_COMMANDS = {"nothing_to_accept", "past_needed", "past_too_far", "past_too_low"}


@pytest.fixture(scope="module", name="found")
def all_codes() -> refusal_codes.Found:
    """What the registry refuses with, and what issuer and verifier answer through it."""
    parts = [
        refusal_codes.of("tem_registry.app"),
        refusal_codes.of("tem_issuer.api"),
        refusal_codes.of("tem_verifier.api_reports", "tem_verifier.api_scans"),
    ]
    whole = refusal_codes.Found()
    for one in parts:
        whole.codes |= one.codes
        whole.unread |= one.unread
    return whole


def test_every_code_has_a_sentence_and_every_sentence_a_code(found: refusal_codes.Found) -> None:
    """A new refusal without its Vietnamese sentence fails here, as does a sentence of none."""
    wanted = found.codes | PORTAL_ALONE | set().union(*ELSEWHERE.values())
    known = set(wording.refusals())
    assert wanted - OF_COMMANDS - known == set(), "codes without a sentence in refusals.json"
    assert known - wanted == set(), "sentences in refusals.json that nothing refuses with"


def test_no_code_is_made_where_it_cannot_be_read(found: refusal_codes.Found) -> None:
    """A refusal whose code is worked out stands in a module that says above what it may be."""
    assert found.unread - set(ELSEWHERE) == set()


def test_a_sentence_is_one() -> None:
    """It begins with a capital, ends, has no English; what fills a blank may be lacking."""
    for code, words in wording.refusals().items():
        for sentence in words.values():
            assert re.fullmatch(r"[A-ZĐÀ-Ỹ].*\.", sentence), code
            bare = re.sub(r"\{\w+\}", "", sentence)
            assert not re.search(r"\b(stamp|lot|batch|key|code|the)\b", bare), code
        assert "{" not in words["vi"] or "{" not in words["vi_plain"], code


def vietnamese_of_the_portal() -> Iterator[tuple[str, str]]:
    """Every text of pages and refusals, with where it stands."""
    for path in sorted(HERE.rglob("*")):
        if path.suffix in (".html", ".py", ".json"):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                yield f"{path.relative_to(HERE)}:{number}", line


def test_the_stamp_is_judged_never_the_goods() -> None:
    """No page calls goods false or real (domain: wording for consumers)."""
    told = re.compile(r"hàng giả|hàng thật|chính hãng|chưa xác thực|\bfake\b|\bgenuine\b", re.I)
    assert [place for place, line in vietnamese_of_the_portal() if told.search(line)] == []


def test_thu_hoi_never_stands_without_its_object() -> None:
    """It means three things: stamps withdrawn, a recognition revoked, a lot or goods recalled; a
    text that says it says what."""
    objects = re.compile(r"\b(tem|lô|sản phẩm|hàng|quyết định|giấy chứng nhận|công nhận)\b", re.I)
    texts = re.compile(r'"([^"]*thu hồi[^"]*)"', re.I)
    found = [
        (place, text)
        for place, line in vietnamese_of_the_portal()
        for text in texts.findall(line)
        if place.startswith(("refusals", "said", "templates/my")) and not objects.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("Missing data for required field.", "Chưa điền ô này."),
        ("Length must be between 1 and 500.", "Hãy ghi từ 1 đến 500 ký tự."),
        (
            "Must be greater than or equal to 1 and less than or equal to 5000000.",
            "Hãy ghi số từ 1 đến 5.000.000.",
        ),
        ("Years 1900 to 2199 only.", "Chỉ nhận năm từ 1900 đến 2199."),
        ("What nobody thought of.", wire_words.ANYTHING_ELSE),
    ],
)
def test_faults_of_single_fields(detail: str, told: str) -> None:
    """Their code is always the same; the words alone tell what to write instead."""
    assert wording.refusal("vi", "invalid", detail, {}) == told
    assert wording.refusal("en", "invalid", detail, {}) == detail


def test_our_own_words_for_fields_are_known() -> None:
    """What our schemas say themselves has its Vietnamese."""
    said = refusal_codes.field_words("tem_registry.app")
    assert len(said) > 10
    general = [one for one in said if wire_words.vietnamese(one) == wire_words.ANYTHING_ELSE]
    assert general == []


def test_numbers_stand_in_the_sentence_where_the_answer_has_them() -> None:
    """A blank is filled from the problem document; without it the plain sentence is told."""
    with_it = wording.refusal("vi", "more_than_delivered", "", {"quantity": 400})
    assert with_it == "Văn phòng chỉ giao 400 tem. Hãy đếm lại."
    assert "{" not in wording.refusal("vi", "more_than_delivered", "", {})
    assert wording.refusal("en", "more_than_delivered", "400 came.", {}) == "400 came."
    day = {"record_ends_on": "2028-11-20"}
    assert "đến hết ngày 20/11/2028" in wording.refusal("vi", "record_period_runs", "", day)
