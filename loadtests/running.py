"""An installation with the sample data, started for a measurement and stopped after it."""

import contextlib
import csv
import io
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import httpx

from tem.process import dying_with_me

SAMPLE = Path(__file__).parent.parent / "shared" / "sample"
ACTIVATED_BATCHES = ("HT-T0034", "HT-T0070", "HT-T0064", "HT-T0018")


@contextlib.contextmanager
def installation(data: Path, base_port: int) -> Iterator[None]:
    """``tem up`` with the sample imported. Raises RuntimeError if it does not start."""
    tem = [sys.executable, "-m", "tem"]
    where = ["--data", str(data)]
    up = subprocess.Popen(
        [*tem, "up", *where, "--base-port", str(base_port)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TEM_VERIFIER_RATE": "0"},  # all comes from one address
        preexec_fn=dying_with_me(),
    )
    try:
        assert up.stdout is not None
        if not any(line.startswith("ready") for line in up.stdout):
            raise RuntimeError("the services did not start")
        sample = str(SAMPLE)
        subprocess.run([*tem, "registry", "import", sample, *where], check=True)
        yield
    finally:
        up.terminate()
        up.wait()


def genuine_codes(data: Path, base_port: int, count: int) -> list[str]:
    """Digits of stamps of the sample, out of the files for the printing house."""
    key = (data / "keys" / "issuer-office.key").read_text().strip()
    issuer = f"http://127.0.0.1:{base_port + 1}"
    codes: list[str] = []
    with httpx.Client(base_url=issuer, headers={"Authorization": f"Bearer {key}"}) as client:
        batches = client.get("/v1/batches", params={"limit": 500}).json()["items"]
        for batch in batches:
            if batch.get("reference") in ACTIVATED_BATCHES:
                text = client.get(f"/v1/batches/{batch['number']}/codes.csv").text
                rows = csv.DictReader(io.StringIO(text))
                taken = islice(rows, count // len(ACTIVATED_BATCHES))
                codes += [row["url"].rsplit("/", 1)[1] for row in taken]
    return codes


def forged(code: str, chance: random.Random) -> str:
    """The same stamp with another signature: well-formed, never issued."""
    raw = int(code).to_bytes(72, "big")
    return f"{int.from_bytes(raw[:8] + chance.randbytes(64), 'big'):0174d}"
