"""``make load``: locust for a few seconds against an installation of its own, on loopback."""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from loadtests.running import forged, genuine_codes, installation

USERS, SECONDS, BASE_PORT = 40, 15, 18400


def main() -> int:
    """Start, load, stop; locust's status, which is 1 if any answer was wrong."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    folder: Path = parser.parse_args().folder.absolute()
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    chance = random.Random(1)
    with installation(data, BASE_PORT):
        genuine = genuine_codes(data, BASE_PORT, 80)
        codes = folder / "codes.json"
        forgeries = [forged(code, chance) for code in genuine]
        codes.write_text(json.dumps({"genuine": genuine, "forged": forgeries}))
        done = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "--locustfile", "loadtests/locustfile.py"),
                *("--headless", "--users", str(USERS), "--spawn-rate", str(USERS)),
                *("--run-time", f"{SECONDS}s", "--host", f"http://127.0.0.1:{BASE_PORT + 3}"),
                *("--only-summary", "--csv", str(folder / "locust")),
                *("--exit-code-on-error", "1"),
            ],
            env={**os.environ, "TEM_CODES": str(codes)},
            check=False,
        )
    shutil.rmtree(data)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
