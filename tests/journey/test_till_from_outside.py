"""A sandbox as a chain's developers have it: docs/tills.md word for word, and a till that is driven
by a client made from the verifier's own document. Beside it the office's day of docs/http.md."""

import csv
import importlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from tests.running import ROOT, environment, free_base_port, tem

from tem import demo_picture
from tem.process import die_with_parent
from tem.sandbox import SETTINGS
from tem.stampcode import FIRST_TEST_BATCH

PAGE, CALLS = ROOT / "docs" / "tills.md", ROOT / "docs" / "http.md"
DAY = "## A day of the office, call by call\n"
FILES = ("application/x-ndjson", "text/csv")  # which the generator says it leaves out
PACKAGE = "tem_verifier_client"  # as the generator names it
DEADLINE_SECONDS = 240  # of a script that takes five, on a busy machine


class Sandbox:
    """A running sandbox: where it answers, the till's key, the test codes by their verdict."""

    def __init__(self, folder: Path, base_port: int) -> None:
        self.folder, self.base_port = folder, base_port
        self.key = (folder / "till.key").read_text().strip()
        with (folder / "codes.csv").open() as file:
            self.rows = list(csv.DictReader(file))

    def url(self, place: int) -> str:
        return f"http://127.0.0.1:{self.base_port + place}"

    def codes(self, verdict: str) -> list[str]:
        return [row["code"] for row in self.rows if row["verdict"] == verdict]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """What `make sandbox` starts."""
    folder, port = tmp_path_factory.mktemp("sandbox"), free_base_port()
    command = [sys.executable, "-m", "tem.sandbox", "--folder", str(folder)]
    with subprocess.Popen(
        [*command, "--base-port", str(port)],
        env=environment(folder / "data"),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Dừng"):
                break
        yield Sandbox(folder, port)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, said


def blocks(language: str, text: str) -> str:
    """What a text shows in a language, one block after the other."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.S | re.M)
    assert found
    return "\n".join(found)


def run(sandbox: Sandbox, folder: Path, script: str) -> list[str]:
    """What a shell says to commands, line by line."""
    own = environment(sandbox.folder / "data")
    settings = {
        "SANDBOX": str(sandbox.folder),
        "TILL": sandbox.url(3),
        "ISSUER": sandbox.url(1),
        "REGISTRY": sandbox.url(2),
        "PORT": str(sandbox.base_port + 4),  # free as well: tests.running.free_base_port
        "PATH": f"{Path(sys.executable).parent}:{own['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**own, **settings},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        preexec_fn=die_with_parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_page_runs_as_it_is_written(sandbox: Sandbox, tmp_path: Path) -> None:
    """Each command of docs/tills.md does what stands beside it, every test code answers as its
    table says, and a till with no network gives the answer too."""
    said = run(sandbox, tmp_path, blocks("sh", PAGE.read_text("utf-8")))
    told = [json.loads(line) for line in said if line.startswith("{")]
    answers = [one["answers"][0] for one in told if "answers" in one]
    assert [one["advice"] for one in answers] == ["allow", "stop", "stop", "allow"]
    sales = [one["sales"][0]["outcome"] for one in told if "sales" in one]
    assert sales == ["sold", "already_sold"]
    assert f"{len(sandbox.rows)} of {len(sandbox.rows)} as expected" in said
    changes = [change["type"] for one in told for change in one.get("changes", ())]
    assert changes == ["lot.recalled"]
    assert [one["type"] for one in told if "type" in one] == ["webhook.test"]
    assert len((tmp_path / "var" / "till" / "answers.csv").read_text().splitlines()) >= len(
        sandbox.rows
    )
    assert [one["verdict"] for one in told if "verdict" in one] == ["OK"]  # with no network


def test_the_day_of_the_office_runs_as_it_is_written(sandbox: Sandbox, tmp_path: Path) -> None:
    """docs/http.md from a new producer to a scan that says OK, with curl alone."""
    (tmp_path / "photo.jpg").write_bytes(demo_picture.draw())
    section = CALLS.read_text("utf-8").partition(DAY)[2].partition("\n## ")[0]
    assert run(sandbox, tmp_path, blocks("sh", section))[-1] == "OK"
    asked = tem(sandbox.folder / "data", "fsck", settings=SETTINGS)
    assert "every invariant holds" in asked.stdout, asked.stdout


@pytest.fixture(scope="module")
def client(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package that the page's generator makes of /openapi.json."""
    folder = tmp_path_factory.mktemp("client")
    told = re.search(r"<<'YAML'\n(.*?)^YAML$", PAGE.read_text("utf-8"), re.S | re.M)
    assert told is not None
    (folder / "generate.yaml").write_text(f"{told[1]}post_hooks: []\n")
    generate = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    named = ["--config", str(folder / "generate.yaml"), "--output-path", str(folder / PACKAGE)]
    made = subprocess.run(
        [*generate, "--url", f"{sandbox.url(3)}/openapi.json", *named],
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    left_out = re.findall(r"^(?:Unsupported content type|Cannot parse) .*", made.stderr, re.M)
    assert left_out == [f"Unsupported content type {kind}" for kind in FILES], made.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(folder))


class Till:
    """A till written with the generated client alone; every answer is one of its models."""

    def __init__(self, http: Any) -> None:
        self.models, self.http = importlib.import_module(f"{PACKAGE}.models"), http

    def call(self, name: str, **given: Any) -> Any:
        """An operation by its path in the package; its answer, or the problem."""
        module = importlib.import_module(f"{PACKAGE}.api.{name}")
        return module.sync(client=self.http, **given)

    def verify(self, *codes: str) -> Any:
        body = self.models.Codes(codes=list(codes))
        return self.call("verifications.post_v1_verifications", body=body).answers

    def sell(self, code: str) -> Any:
        body = self.models.Sales(code=code)
        told = self.call("sales.post_v1_sales", body=body, idempotency_key=uuid4().hex)
        return told.sales[0]

    def take_back(self, code: str) -> Any:
        body = self.models.Returns(code=code)
        told = self.call("sales.post_v1_returns", body=body, idempotency_key=uuid4().hex)
        return told.returns[0]


def as_(sandbox: Sandbox, client: ModuleType, key: str) -> Any:
    """The generated client with a key, to be closed."""
    return client.AuthenticatedClient(base_url=sandbox.url(3), token=key)


@pytest.fixture
def till(sandbox: Sandbox, client: ModuleType) -> Iterator[Till]:
    """A till of the sandbox's chain."""
    with as_(sandbox, client, sandbox.key) as http:
        yield Till(http)


def test_a_generated_client_drives_a_till(sandbox: Sandbox, till: Till) -> None:
    """It verifies, sells, is told of the sale at the second one, takes back and sells again."""
    words = till.models
    code, recalled = sandbox.codes("OK")[1], sandbox.codes("RECALLED")[0]
    fine, stopped, nothing = till.verify(code, recalled, "123")
    assert isinstance(fine, words.Answer) and fine.verdict is words.Verdict.OK
    assert fine.advice is words.Advice.ALLOW
    assert fine.checked[-1] is words.Check.SOLD
    assert fine.stamp.batch >= FIRST_TEST_BATCH and fine.lot.code == "SB-L-OK"
    assert stopped.advice is words.Advice.STOP and stopped.recall.reason_public
    assert nothing.verdict is words.Verdict.MALFORMED

    sold = till.sell(code)
    assert sold.outcome is words.SaleShownOutcome.SOLD
    again = till.sell(code)
    assert again.outcome is words.SaleShownOutcome.ALREADY_SOLD
    assert (again.sold_at, again.store) == (sold.sold_at, "HT-01")
    seen = till.verify(code)[0]
    assert seen.advice is words.Advice.STOP and "already_sold" in seen.reasons
    assert seen.sold.sold_at == sold.sold_at
    assert till.take_back(code).outcome is words.ReturnShownOutcome.RETURNED
    assert till.sell(code).outcome is words.SaleShownOutcome.SOLD


def test_a_generated_client_follows_the_record(
    sandbox: Sandbox, client: ModuleType, till: Till
) -> None:
    """It reads the log of changes, fetches a pack, and registers a webhook."""
    words = till.models
    log = till.call("changes.get_v1_changes", after=0, limit=1)
    assert isinstance(log, words.ChangesShown) and log.next_ == log.changes[-1].seq
    pack = till.call("packs.get_v1_packs_latest").payload.getvalue()
    assert pack.startswith(b"TEMPACK1")
    with as_(sandbox, client, (sandbox.folder / "chain.key").read_text().strip()) as http:
        chain = Till(http)
        body = words.NewWebhook(url="http://127.0.0.1:9/tem")
        made = chain.call("webhooks.post_v1_webhooks", body=body)
        assert made.secret.startswith("whsec_")
        listed = chain.call("webhooks.get_v1_webhooks")
        assert [one.id for one in listed.items] == [made.id]
    assert isinstance(till.call("webhooks.get_v1_webhooks"), words.Problem)


def test_what_is_refused_is_a_problem_of_the_client_too(
    sandbox: Sandbox, client: ModuleType
) -> None:
    """A wrong key is the document's own model of a problem, with the code to decide by."""
    with as_(sandbox, client, "tem_wrong") as http:
        till = Till(http)
        body = till.models.Codes(codes=["123"])
        told = till.call("verifications.post_v1_verifications", body=body)
    assert isinstance(told, till.models.Problem)
    assert told.code == "key_malformed" and told.status == 401


def test_the_pages_lines_for_a_generated_client_run(sandbox: Sandbox, client: ModuleType) -> None:
    """The Python of docs/tills.md works with the package that was generated."""
    known = {"TILL": sandbox.url(3), "KEY": sandbox.key, "code": sandbox.codes("OK")[2]}
    exec(blocks("python", PAGE.read_text("utf-8")), known)
    assert str(known["found"].answers[0].advice) == "allow"  # type: ignore[attr-defined]
