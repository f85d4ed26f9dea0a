"""``tem fsck`` over a whole installation: what the services hold against each other."""

import json
from pathlib import Path

from click.testing import CliRunner, Result
from sqlalchemy import text
from tests.registry.installed import copied

from tem.cli import main
from tem.databases.database import open_engine, sqlite_url, writing
from tem.installation import Installation


def tem(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(data)])


def change(data: Path, service: str, statement: str) -> None:
    engine = open_engine(sqlite_url(Installation.at(data).database(service)))
    with writing(engine) as connection:
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def test_registry_and_issuer_agree(sample: Path, tmp_path: Path) -> None:
    """A batch on record that the issuer never released, or released otherwise, is named; a
    database that lies elsewhere is nobody's fault between them."""
    data = copied(sample, tmp_path / "data")
    assert "between them" not in tem(data, "fsck").stdout
    change(data, "issuer", "UPDATE batch SET state = 'failed' WHERE number = 3")
    change(data, "issuer", "UPDATE batch SET manifest = manifest || ' ' WHERE number = 5")
    told = tem(data, "fsck")
    assert told.exit_code == 1
    assert "between them: batch 3 is on record, but the issuer has not released it" in told.stdout
    assert "between them: the manifest of batch 5 on record is not the one" in told.stdout
    Installation.at(data).database("issuer").unlink()
    assert "between them" not in tem(data, "fsck").stdout


def test_checkpoints_of_each_service(sample: Path, tmp_path: Path) -> None:
    """What `audit checkpoint` prints is verified by `audit verify` and by `tem fsck`, finds a
    trail cut off with its head mended, and the key and the entries can be taken elsewhere."""
    data = copied(sample, tmp_path / "data")
    for service in ("issuer", "registry", "verifier"):
        key = tem(data, service, "audit", "key").stdout.strip()
        assert key.startswith(f"tem/{service}/audit+")
        note = tem(data, service, "audit", "checkpoint", "--keep").stdout
        size = int(note.splitlines()[1])
        lines = tem(data, service, "audit", "export").stdout.splitlines()
        assert [json.loads(line)["seq"] for line in lines] == list(range(1, size + 1))
        assert len(tem(data, service, "audit", "export", "--after", "1").stdout.split("\n")) == size
        (tmp_path / service).write_text(note, "utf-8")
        good = tem(data, service, "audit", "verify", str(tmp_path / service), "--key", key)
        assert good.stdout == f"1 checkpoints hold; the trail has {size} entries\n"
        change(data, service, f"DELETE FROM audit_entry WHERE seq = {size}")
        last = "SELECT hash FROM audit_entry WHERE seq = audit_head.seq"
        change(data, service, f"UPDATE audit_head SET seq = {size - 1}")
        change(data, service, f"UPDATE audit_head SET hash = coalesce(({last}), '{'0' * 64}')")
        bad = tem(data, service, "audit", "verify", str(tmp_path / service))
        assert bad.exit_code == 1
        assert f"had {size} entries, now it has {size - 1}" in bad.stdout
        assert f"{service}: on 2" in tem(data, "fsck").stdout
        (tmp_path / service).write_text("nothing", "utf-8")
        none = tem(data, service, "audit", "verify", str(tmp_path / service))
        assert (none.exit_code, none.stdout) == (1, "there is no whole checkpoint in the file\n")


def test_a_mistyped_folder_makes_no_installation(tmp_path: Path) -> None:
    """Only `tem up` and an import begin one; every other command says that there is none."""
    data = tmp_path / "typo"
    for words in (
        ("registry", "key", "create", "--role", "office", "--name", "x"),
        ("issuer", "key", "create", "--role", "office", "--name", "x"),
        ("verifier", "key", "create", "--role", "retailer", "--name", "x"),
        ("registry", "follow"),
        ("issuer", "sign"),
        ("verifier", "accept-restore", "--yes"),
        ("registry", "audit", "key"),
        ("issuer", "audit", "checkpoint"),
        ("verifier", "audit", "export"),
        ("fsck",),
    ):
        done = tem(data, *words)
        assert done.exit_code == 1 and "[no_installation]" in done.stderr, words
    assert not data.exists()


def test_a_key_is_for_a_producer_on_record(sample: Path, tmp_path: Path) -> None:
    """A mistyped producer is refused and no key is made."""
    data = copied(sample, tmp_path / "data")
    make = ("registry", "key", "create", "--role", "producer", "--name", "x", "--producer")
    before = tem(data, "registry", "key", "list").stdout
    refused = tem(data, *make, "HT-P0001")
    assert (refused.exit_code, "[no_such_producer]" in refused.stderr) == (1, True)
    assert tem(data, "registry", "key", "list").stdout == before
    assert tem(data, *make, "HT-P001").exit_code == 0
