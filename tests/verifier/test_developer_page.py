"""The page for developers: complete by what decides it, and its lines for webhooks work."""

import ast
import json
import runpy
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from tests.running import ROOT
from tests.tills import NODE

from tem import errors
from tem.advice import Advice
from tem.http import problems
from tem.language import LANGUAGES, Lang
from tem.vocabulary import Verdict
from tem_verifier.developers.developer_page import DeveloperPage, Limits, downloads
from tem_verifier.rates import Rate
from tem_verifier.retail.sale_rules import Refused
from tem_verifier.retail.tills import Scope
from tem_verifier.streaming.lines import FAULTS
from tem_verifier.webhooks import signing

SERVICE = ROOT / "services" / "verifier" / "tem_verifier"
CHECKS = SERVICE / "static" / "developers"
# Where what tills are refused for is decided.
CALLS = (
    *("api_verifications", "api_sales", "api_changes", "api_webhooks", "api_packs", "api_suspects"),
    *("admission", "webhook_addresses"),
)
ROOMS = ("retail", "changes", "webhooks", "streaming")
SHARED = ("auth", "idempotency", "web", "strictjson", "problems")
# Of commands, and of calls and faults that are no till's.
NOT_OF_TILLS = {
    *("invalid_name", "producer_mismatch", "too_many_live_keys", "no_such_key"),
    *("file_empty", "unstorable_value", "conflict", "internal_error"),
}
# Whose names and statuses werkzeug and webargs give.
OF_THE_PATH = {
    "not_found": 404,
    "method_not_allowed": 405,
    "request_entity_too_large": 413,
    "unsupported_media_type": 415,
    "validation_failed": 422,
}
KINDS = {
    *("Invalid", "Conflict", "NotFound", "Forbidden", "Unauthenticated", "Unavailable"),
    *("TooMany", "TooLarge", "Gone", "problem"),
}
LIMITS = Limits(1000, 100_000, 384 * 1024, 20, Rate(6000, 60), None)


def words(name: str) -> Any:
    return json.loads(files("tem_verifier.developers").joinpath(name).read_text("utf-8"))


def raised() -> Iterator[tuple[str, int]]:
    """Code and status of the errors that the code of these calls makes."""
    modules = [SERVICE / f"{name}.py" for name in CALLS]
    modules += [path for room in ROOMS for path in (SERVICE / room).glob("*.py")]
    modules += [ROOT / "shared" / "tem" / "http" / f"{name}.py" for name in SHARED]
    for path in (*modules, SERVICE / "packs" / "published_packs.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            kind = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and kind in KINDS:
                given = [arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant)]
                yield from _told(kind, given)


def _told(kind: str, given: list[Any]) -> Iterator[tuple[str, int]]:
    """A problem names its status, of an error it follows from its kind and code."""
    if kind == "problem":
        if len(given) == 2:
            yield given[1], given[0]
    elif given and isinstance(given[0], str):
        error = getattr(errors, kind)(given[0], "")
        yield given[0], problems.document_of(error, "", "")["status"]


def test_every_error_code_of_a_tills_calls_is_told_and_no_other() -> None:
    """The table names each code that these calls can answer with, once, with its status, in both
    languages."""
    told = words("codes.json")
    of_calls = {one["code"]: one["status"] for one in told if isinstance(one["status"], int)}
    decided = {code: status for code, status in raised() if code not in NOT_OF_TILLS}
    assert of_calls == decided | OF_THE_PATH
    assert [one["code"] for one in told if one["status"] == "item"] == [str(r) for r in Refused]
    assert {one["code"] for one in told if one["status"] == "line"} == {*FAULTS} - {*of_calls}
    assert len({(one["code"], one["status"]) for one in told}) == len(told)
    assert all(one["vi"] and one["en"] and one["vi"] != one["en"] for one in told)


def members(part: Any) -> Any:
    """The shape of words: names and how many lines."""
    if isinstance(part, dict):
        return {name: members(inner) for name, inner in part.items()}
    return len(part) if isinstance(part, list) else None


def test_both_languages_tell_the_same() -> None:
    """No member is missing in one, and every advice and scope has its words."""
    told = words("words.json")
    assert members(told["vi"]) == members(told["en"])
    assert list(told["vi"]["advice"]) == [str(one) for one in Advice]
    assert list(told["vi"]["scopes"]) == [str(one) for one in Scope]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_tells_each_verdicts_advice_and_the_limits_of_this_service(lang: Lang) -> None:
    """Verdicts stand beside what a till does; limits are those that are set, none said so."""
    html = DeveloperPage(LIMITS, downloads(), "https://tem.example").render(lang)
    assert all(f"<code>{verdict}</code>" in html for verdict in Verdict)
    assert ("6.000 / phút" if lang == "vi" else "6,000 / minute") in html
    assert ("không giới hạn" if lang == "vi" else "no limit") in html
    assert "TILL=https://tem.example\n" in html
    assert all(one.sha256 in html for one in downloads())


NOW = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
BODY = '{"type": "lot.recalled", "data": {"reason_public": "Thử (mẫu)"}}'.encode()
SECRET = signing.new_secret()
# what is wrong -> headers, body, the receiver's clock, whether it is believed
MESSAGES = {
    "nothing": ([SECRET], BODY, NOW, True),
    "two secrets live, ours is the older": ([signing.new_secret(), SECRET], BODY, NOW, True),
    "another secret": ([signing.new_secret()], BODY, NOW, False),
    "one byte of the body": ([SECRET], BODY.replace(b"lot", b"Lot"), NOW, False),
    "sent six minutes ago": ([SECRET], BODY, NOW + 360, False),
}


# Headers that nobody signed: told as not ours, and nothing breaks.
STRANGE: list[dict[str, str]] = [
    {},
    {"webhook-id": "msg_1", "webhook-timestamp": "soon", "webhook-signature": "v1,x"},
    {"webhook-id": "msg_1", "webhook-timestamp": str(NOW), "webhook-signature": "v1,ố v1"},
]


def test_the_lines_that_check_a_webhook_do() -> None:
    """Python and JavaScript of the page believe what we sign and nothing else."""
    is_ours = runpy.run_path(str(CHECKS / "webhook_check.py"))["is_ours"]
    asked: list[list[Any]] = []
    expected: list[bool] = []
    for secrets, body, now, believed in MESSAGES.values():
        headers = signing.headers(secrets, "msg_1", NOW, BODY)
        asked.append([headers, body.decode(), SECRET, now])
        expected.append(believed)
    asked += [[headers, BODY.decode(), SECRET, NOW] for headers in STRANGE]
    expected += [False] * len(STRANGE)
    found = [is_ours(headers, body.encode(), secret, now) for headers, body, secret, now in asked]
    assert found == expected
    script = (
        f"import {{ isOurs }} from {json.dumps(str(CHECKS / 'webhook_check.mjs'))};"
        f"console.log(JSON.stringify({json.dumps(asked)}"
        ".map(([headers, body, secret, now]) => isOurs(headers, Buffer.from(body), secret, now))));"
    )
    command = [str(NODE), "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == expected
