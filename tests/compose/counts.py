"""What the verifiers have kept of scans, read where it lies."""

from containers import Containers

KEPT = """
import sys, psycopg
asked = "SELECT sum(count), sum(origins) FROM scan_day WHERE batch = %s AND index = %s"
with psycopg.connect("postgresql://tem_verifier@postgres-edge/tem_verifier") as connection:
    print(*connection.execute(asked, [int(word) for word in sys.argv[1:]]).fetchone())
"""


def scans_of(containers: Containers, batch: int, index: int) -> list[str]:
    """How often a stamp was scanned, and from how many origins; ``None`` for none."""
    return containers.exec("verifier", "python", "-c", KEPT, str(batch), str(index)).split()
