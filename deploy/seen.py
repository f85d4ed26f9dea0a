"""Whether a process without a web server was at work lately: exit status 0, else 1.

    python -I seen.py GAUGE SECONDS

Reads the time that signer or follower set after each round out of the service's metrics.
"""

import json
import os
import sys
import time
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict


def main() -> None:
    """Look for the latest time in all files of the folder."""
    gauge, seconds = sys.argv[1], float(sys.argv[2])
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    times = [
        value
        for path in folder.glob("gauge_mostrecent_*.db")
        for key, value, *_ in MmapedDict.read_all_values_from_file(str(path))
        if json.loads(key)[0] == gauge
    ]
    ago = time.time() - max(times, default=0.0)
    if ago > seconds:
        sys.exit(f"{gauge}: {ago:.0f} s ago" if times else f"{gauge}: never")


if __name__ == "__main__":
    main()
