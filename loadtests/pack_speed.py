"""``python -m loadtests.pack_speed``: how long tills take with the pack of a province.

The same pack is opened and asked about one good code in JavaScript (Node), in plain Python, and in
Python with libsodium. What is printed stands in docs/offline-packs.md.
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from loadtests import pack_size
from loadtests.pack_size import PREFIX, Province
from loadtests.pack_worlds import pack_key
from tests.tills import Till
from tests.verifier.mint import Mint

from tem import ed25519
from tem.clock import system_clock
from tem.databases.database import open_engine, sqlite_url, writing
from tem.databases.migrations import PUBLISHED, bring_up_to_date
from tem.dates import rfc3339
from tem.pack import reader, rfc8032, trust_list
from tem.vocabulary import StampState
from tem_registry import publication
from tem_registry.intervals import Interval
from tem_registry.packs.making import Maker

ROUNDS, SCRIPT_ROUNDS = 300, 3000


def made(folder: Path) -> tuple[bytes, str, str]:
    """A province's pack, the trust list, and a code of one activated stamp in it."""
    mint, key = Mint(folder), folder / "pack-key.json"
    province = Province(5_000_000, 100_000, 10_000)
    key.write_text(pack_key(mint).write())
    engine = open_engine(sqlite_url(folder / "registry.db"))
    with writing(engine) as connection:
        bring_up_to_date(connection, [PUBLISHED])
        pack_size.fill(connection, province, mint)
        asked = mint.sign(province.batches + 1, 1, "HT-SP000", "HT-P000")
        change = publication.next_change(connection, system_clock())
        told = (asked.made, asked.manifest, asked.signature, [asked.fingerprints])
        publication.put_batch(connection, change, *told)
        tied = [Interval(1, 1, StampState.ACTIVATED, "HT-L00001")]
        publication.replace_intervals(connection, change, asked.made.batch, tied)
    pack = Maker(engine, system_clock, mint.trust_file, key, PREFIX, 7).if_due()
    engine.dispose()
    assert pack is not None
    return pack.content, mint.trust_file.read_text("utf-8"), asked.text(1)


def timed(act: Callable[[], object], rounds: int = 1) -> float:
    """Milliseconds for each of so many rounds."""
    began = time.perf_counter()
    for _ in range(rounds):
        act()
    return (time.perf_counter() - began) * 1000 / rounds


def main() -> None:
    """Make the pack and print the times."""
    with tempfile.TemporaryDirectory() as folder:
        file, trust, code = made(Path(folder))
    believed = trust_list.parse(trust)
    for name, verifies in (("plain Python", rfc8032.verifies), ("libsodium", ed25519.verifies)):
        opening = timed(lambda v=verifies: reader.open_pack(file, believed, verifies=v))  # type: ignore[misc]
        pack = reader.open_pack(file, believed, verifies=verifies)
        checking = timed(lambda p=pack: p.answer(code, system_clock()), ROUNDS)  # type: ignore[misc]
        print(f"Python, {name:14} open {opening:7.0f} ms   check {checking:6.3f} ms", flush=True)
    with Till() as till:
        told = till.time(file, json.loads(trust), code, rfc3339(system_clock()), SCRIPT_ROUNDS)
    print(
        f"JavaScript, Node       open {told['open_ms']:7.0f} ms   check {told['check_ms']:6.3f} ms"
        f"   {told['memory_mb']:.0f} MB in all"
    )


if __name__ == "__main__":
    main()
