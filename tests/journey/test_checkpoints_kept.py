"""The follower of a running installation keeps checkpoints of the registry's audit trail."""

from tests.running import Running, tem, until

from tem.installation import Installation
from tem.trail.kept_checkpoints import kept_file, read


def test_the_follower_keeps_checkpoints(sample: Running) -> None:
    """`tem up` keeps one from the start, it holds against the trail of the running registry, and
    what is asked over HTTP can be verified by the command."""
    path = kept_file(Installation.at(sample.data), "registry")
    until(lambda: path.exists() and read(path.read_bytes()).notes)
    told = sample.tem("registry", "audit", "verify", path)
    assert "checkpoints hold" in told
    shown = sample.office().get("/v1/audit/checkpoint").json()
    assert shown["public_key"] == sample.tem("registry", "audit", "key").strip()
    elsewhere = sample.data / "elsewhere.txt"
    elsewhere.write_text(shown["note"], "utf-8")
    done = tem(sample.data, "registry", "audit", "verify", elsewhere, "--key", shown["public_key"])
    assert done.returncode == 0, done.stdout
