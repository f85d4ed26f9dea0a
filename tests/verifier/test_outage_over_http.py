"""What people and machines are told while the registry cannot be read."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.verifier.conftest import Opener
from tests.verifier.mint import Mint

from tem.http.web import Wiring
from tem_verifier.app import build


@pytest.fixture
def cut_off(open_verifier: Opener, tmp_path: Path) -> FlaskClient:
    """The web app of a verifier that has never been able to read."""
    reader = open_verifier("cut-off", f"sqlite:///{tmp_path / 'absent.db'}")
    wiring = Wiring(reader.store, reader.index._clock)
    return build(reader.config, wiring, reader.index).flask.test_client()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_an_outage_is_a_503_that_says_when_to_come_back(
    cut_off: FlaskClient, mint: Mint, accept: str
) -> None:
    """Page and JSON of UNAVAILABLE come with 503 and Retry-After, and slander nobody."""
    answer = cut_off.get(f"/s/{mint.sign(1).text(1)}", headers={"Accept": accept})
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert answer.content_type.startswith(accept)
    told = "không nói lên điều gì" if accept == "text/html" else '"UNAVAILABLE"'
    assert told in answer.text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_in_an_outage_bulk_answers_each_code_and_readiness_says_no(
    cut_off: FlaskClient, mint: Mint
) -> None:
    """A till learns for each code what can be said; a load balancer is sent elsewhere."""
    codes = [mint.sign(1).text(1), "1"]
    answers = cut_off.post("/v1/verifications", json={"codes": codes}).get_json()["answers"]
    assert [answer["verdict"] for answer in answers] == ["UNAVAILABLE", "MALFORMED"]
    ready = cut_off.get("/readyz")
    assert (ready.status_code, ready.get_json()["code"]) == (503, "nothing_read")
    assert cut_off.get("/livez").status_code == 200
