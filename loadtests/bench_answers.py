"""Is the generator told the truth? The same codes, asked of the fast and of the slow path."""

import http.client
import json
from itertools import islice
from pathlib import Path
from typing import Any

from loadtests.bench_place import Place
from loadtests.ratios import Ratio, at_least
from loadtests.started import HOST
from loadtests.wrk import JSON, PAGE

SAMPLE = 300
HEADERS = {"Host": "tem.example.vn", "Accept-Language": "vi-VN,vi;q=0.9", "Accept": JSON}
OF_THE_MOMENT = ("x-request-id", "date")


def ask(
    connection: http.client.HTTPConnection, path: str, accept: str = JSON
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer."""
    connection.request("GET", path, headers={**HEADERS, "Accept": accept})
    answer = connection.getresponse()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, headers, answer.read()


def codes(file: Path, count: int) -> list[str]:
    """The first codes of a file."""
    with file.open() as lines:
        return [line.strip() for line in islice(lines, count)]


def compared(place: Place, port: int) -> Ratio:
    """The share of answers that the slow path, which a query leads to, gives in the same words.

    Raises RuntimeError at the first that differs: nothing that follows would mean anything.
    """
    connection, same, verdicts = http.client.HTTPConnection(HOST, port), 0, set()
    for kind in ("genuine", "forged", "unknown"):
        for code in codes(place.codes(kind), SAMPLE):
            fast, slow = (_told(connection, f"/s/{code}{query}") for query in ("", "?lang=vi"))
            if fast != slow:
                raise RuntimeError(f"the paths differ on {code}: {fast} and {slow}")
            verdicts.add(fast[2]["verdict"])
            same += 1
    connection.close()
    return at_least(
        "answers equal to those of the slow path",
        1.0,
        [same / (3 * SAMPLE)],
        measured={"compared": same, "verdicts": sorted(verdicts)},
    )


def as_it_came(port: int, seen: list[tuple[str, bytes]]) -> Ratio:
    """The share of answers to a generator that the slow path gives in the same words."""
    connection, same = http.client.HTTPConnection(HOST, port), 0
    for code, answer in seen:
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        body.pop("as_of")
        _, _, slow = _told(connection, f"/s/{code}?lang=vi")
        if body != slow:
            raise RuntimeError(f"under load {code} was answered {body} and not {slow}")
        same += 1
    connection.close()
    name = "answers at 70 % of the peak equal to those of the slow path"
    counted = {"compared": len(seen)}
    return at_least(name, 1.0, [same / len(seen)], measured=counted)


def _told(
    connection: http.client.HTTPConnection, path: str
) -> tuple[int, dict[str, str], dict[str, Any]]:
    status, headers, body = ask(connection, path)
    told = json.loads(body)
    told.pop("as_of", None)
    kept = {name: value for name, value in headers.items() if name not in OF_THE_MOMENT}
    return status, kept, told


def whole_answer(place: Place, port: int) -> tuple[Path, Path]:
    """Files with the JSON and the page of a stamp that is all right, for a peer to repeat."""
    connection = http.client.HTTPConnection(HOST, port)
    for code in codes(place.codes("activated"), 1000):
        _, _, body = ask(connection, f"/s/{code}")
        if json.loads(body)["verdict"] == "OK":
            _, _, page = ask(connection, f"/s/{code}", PAGE)
            answer, shown = place.folder / "answer.json", place.folder / "answer.html"
            answer.write_bytes(body)
            shown.write_bytes(page)
            return answer, shown
    raise RuntimeError("no stamp of the sample is all right")
