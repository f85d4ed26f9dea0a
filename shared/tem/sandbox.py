"""``make sandbox``: services of a sandbox with test stamps in every state, for who connects tills.

What it holds is made once and kept: a till's test codes stay the same from day to day. Its stamps
are numbered from 0xF0000000, so that no production knows one, and it knows none of production's.
Like the demo it is a client: the command ``tem`` and HTTP calls, nothing from inside.
"""

import argparse
import csv
import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from tem import sandbox_records
from tem.clock import system_clock
from tem.dates import vietnam_day
from tem.demo import command, services, wait_for
from tem.demo_client import Caller, DemoFailed
from tem.doors import LOOPBACK as HOST
from tem.installation import write_private
from tem.sandbox_records import Stretch
from tem.serve import is_busy

CHAIN, STORE = "Siêu thị Mẫu", "HT-01"
COLUMNS = ("code", "url", "batch", "index", "verdict", "advice", "lot", "until")
# A receiver of webhooks on this machine may be told: nothing here is anybody else's.
SETTINGS = {"TEM_ENVIRONMENT": "sandbox", "TEM_VERIFIER_WEBHOOK_NETWORKS": "127.0.0.0/8"}
# Of a till, and of the chain's own server.
KEYS = {
    "till": ("--store", STORE, "--scope", "verify", "--scope", "sell"),
    "chain": (),
}


def main() -> int:
    """Run the sandbox; the exit status."""
    parser = argparse.ArgumentParser(prog="make sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--base-port", type=int, default=8200)
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):  # also where a shell had us ignore SIGINT
        signal.signal(number, signal.default_int_handler)
    try:
        serve(options.folder.absolute(), options.base_port)
    except (DemoFailed, httpx.HTTPError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


def serve(folder: Path, base_port: int) -> None:
    """Start, make what is missing, and serve until Ctrl-C."""
    require_free(base_port)
    data, codes = folder / "data", folder / "codes.csv"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(SETTINGS)  # of everything that is started from here on
    os.environ["TEM_PUBLIC_URL"] = till = f"http://{HOST}:{base_port + 3}"
    if not codes.exists():  # before the services: their first pack has it all
        take_over(folder / "records", data, vietnam_day(system_clock()))
    with services(data, base_port):
        if not codes.exists():
            keep_codes(codes, data, base_port, vietnam_day(system_clock()))
        for name in KEYS:
            if not (folder / f"{name}.key").exists():
                write_private(folder / f"{name}.key", f"{made_key(name, data)}\n".encode())
        wait_for_pack(till, folder / "till.key")
        print(f"Địa chỉ của máy tính tiền / the till's address: {till}")
        print(f"Khóa của máy, của chuỗi / a till's key, the chain's: {folder}/till.key, chain.key")
        print(f"Mã thử / test codes, with the answer of each:   {codes}")
        for line in outdated(codes.read_text("ascii"), vietnam_day(system_clock())):
            print(f"  {line}")
        print("Dừng bằng Ctrl-C / stop with Ctrl-C", flush=True)
        signal.pause()


def require_free(base_port: int) -> None:
    """Raises DemoFailed naming the first port of the three that is somebody else's."""
    for port in range(base_port + 1, base_port + 4):
        if is_busy(HOST, port):
            raise DemoFailed(
                f"port {port} is in use: stop what listens there (a sandbox that runs already?), "
                "or choose others: make sandbox SANDBOX_PORT=9200"
            )


def made_key(name: str, data: Path) -> str:
    """A new key of the sandbox's chain."""
    return command(
        *("verifier", "key", "create", "--role", "retailer", "--name", f"sandbox-{name}"),
        *("--chain", CHAIN, *KEYS[name], "--data", str(data)),
    )


def take_over(records: Path, data: Path, today: date) -> None:
    """Let the batches be issued, and the rest be as it is on a day."""
    records.mkdir(exist_ok=True)
    for name, rows in sandbox_records.folder(today).items():
        (records / f"{name}.json").write_text(json.dumps({name: rows}, indent=1), "utf-8")
    command("registry", "import", str(records), "--data", str(data))


def keep_codes(file: Path, data: Path, base_port: int, today: date) -> None:
    """Write the table of all codes, as a printing house gets them."""
    mint, office = (
        Caller(f"http://{HOST}:{base_port + place}", (data / "keys" / key).read_text().strip(), "")
        for place, key in ((1, "issuer-office.key"), (2, "registry-office.key"))
    )
    codes: dict[str, list[dict[str, str]]] = {}
    for row in sandbox_records.folder(today)["stamp_batches"]:
        number = office.get(f"/v1/orders/{row['batch_id']}")["batch"]
        printed = mint.save(f"/v1/batches/{number}/codes.csv", file.with_name("printed.csv"))
        codes[row["batch_id"]] = list(csv.DictReader(io.StringIO(printed.read_text("ascii"))))
        printed.unlink()
    write_private(file, written(sandbox_records.stretches(today), codes).encode("ascii"))


def wait_for_pack(till: str, key: Path) -> None:
    """Until there is an offline pack. Raises DemoFailed after a minute."""
    headers = {"Authorization": f"Bearer {key.read_text().strip()}"}
    wait_for(
        "the first pack",
        lambda: httpx.get(f"{till}/v1/packs/latest", headers=headers).status_code,
        lambda status: status == 200,
    )


def written(stretches: list[Stretch], codes: dict[str, list[dict[str, str]]]) -> str:
    """The table: every stamp with its answer, and two codes that are no stamp's."""
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(_rows(stretches, codes))
    return out.getvalue()


def _rows(
    stretches: list[Stretch], codes: dict[str, list[dict[str, str]]]
) -> Iterator[dict[str, Any]]:
    for one in stretches:
        for index in range(one.first, one.last + 1):
            url = codes[one.batch][index - 1]["url"]
            yield {
                "code": url.rpartition("/")[2],
                "url": url,
                "batch": codes[one.batch][index - 1]["batch"],
                "index": index,
                "verdict": one.verdict,
                "advice": one.advice,
                "lot": one.lot,
                "until": one.until.isoformat() if one.until else "",
            }
    first = codes[stretches[0].batch][0]["url"].rpartition("/")[2]
    yield {"code": _altered(first), "verdict": "UNKNOWN", "advice": "stop"}
    yield {"code": first[:-1], "verdict": "MALFORMED", "advice": "ask"}


def _altered(code: str) -> str:
    """The code with another last digit: its signature is none."""
    return f"{code[:-1]}{(int(code[-1]) + 1) % 10}"


def outdated(table: str, today: date) -> list[str]:
    """What to say of a sandbox that is so old that some stamps answer otherwise by now."""
    rows = csv.DictReader(io.StringIO(table))
    over = [row["until"] for row in rows if row["until"] and row["until"] < today.isoformat()]
    if not over:
        return []
    return [
        f"{len(over)} of them answer otherwise since {min(over)}: remove the folder for new ones"
    ]


if __name__ == "__main__":
    sys.exit(main())
