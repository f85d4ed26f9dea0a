"""The worked sequence of docs/http.md: what it shows runs, word for word."""

import re
import subprocess
import sys
from pathlib import Path

from tests.running import ROOT, environment, running

from tem import demo_picture
from tem.process import die_with_parent

PAGE = ROOT / "docs" / "http.md"
HEADING = "## A day of the office, call by call\n"


def script() -> str:
    """The shell blocks under the heading, in order."""
    section = PAGE.read_text("utf-8").partition(HEADING)[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", section, re.S | re.M))


def test_the_day_of_the_office_runs_as_it_is_written(tmp_path: Path) -> None:
    """From a new producer to a scan that says OK, beside a fresh `tem up`, with curl alone."""
    (tmp_path / "photo.jpg").write_bytes(demo_picture.draw())
    with running(tmp_path / "data") as installation:
        own = environment(installation.data)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script()],
            cwd=tmp_path,
            env={
                **own,
                "PATH": f"{Path(sys.executable).parent}:{own['PATH']}",
                "REGISTRY": installation.url("registry"),
                "ISSUER": installation.url("issuer"),
            },
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=die_with_parent,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.split()[-1] == "OK"
        assert "every invariant holds" in installation.tem("fsck")
