"""``make demo``: the main job on the sample data, one order played from request to scan.

It is a client like any other: the command ``tem`` and HTTP calls, nothing from inside.
"""

import argparse
import contextlib
import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from tem.clock import system_clock
from tem.dates import vietnam_day
from tem.demo_client import Caller, DemoFailed, say
from tem.demo_people import tell_how_to_sign_in
from tem.demo_records import PRODUCER, PRODUCT, prepare
from tem.doors import LOOPBACK as HOST
from tem.installation import write_private
from tem.process import dying_with_me

ORDERED, ACTIVATED = 300, 200
CONTACT = "Văn phòng Điều phối (mẫu), 0239 000 0000"
WAIT_SECONDS = 60


@contextlib.contextmanager
def services(data: Path, base_port: int) -> Iterator[None]:
    """``tem up`` for as long as the block lasts."""
    command = [sys.executable, "-m", "tem", "up"]
    command += ["--data", str(data), "--base-port", str(base_port)]
    with subprocess.Popen(
        command,
        env={"TEM_OFFICE_CONTACT": CONTACT, **os.environ},  # a setting of one's own wins
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=dying_with_me(),
        process_group=0,
    ) as up:
        assert up.stdout is not None
        for line in up.stdout:
            print(f"  {line}", end="")
            if line.startswith("ready"):
                break
        else:
            raise DemoFailed("the services did not start: see the message above")
        try:
            yield
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait()


def command(*words: str) -> str:
    """The last word that a ``tem`` command prints; its progress goes to the terminal."""
    # That a key or a code was made is not for the eyes: it is shown where it is of use.
    quiet = subprocess.PIPE if {"key", "account"} & set(words) else None
    done = subprocess.run(
        [sys.executable, "-m", "tem", *words],
        stdout=subprocess.PIPE,
        stderr=quiet,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoFailed(f"tem {' '.join(words[:2])} failed: {done.stdout}{done.stderr or ''}")
    return done.stdout.split()[-1] if done.stdout.split() else ""


def producer_key(folder: Path, data: Path) -> str:
    """The producer's key, made once and kept beside the installation's own keys."""
    path = data / "keys" / "demo-producer.key"
    if not path.exists():
        key = command(
            *("registry", "key", "create", "--role", "producer", "--producer", PRODUCER),
            *("--name", "demo", "--data", str(data)),
        )
        write_private(path, f"{key}\n".encode())
    return path.read_text("ascii").strip()


def wait_for(what: str, look: Any, until: Any) -> Any:
    """Ask again until the answer is the one waited for. Raises DemoFailed after a minute."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not until(found := look()):
        if time.monotonic() > deadline:
            raise DemoFailed(f"{what} takes too long: {found}")
        time.sleep(0.1)
    return found


def play(folder: Path, data: Path, base_port: int) -> list[tuple[str, str]]:
    """One order from request to scan; the addresses worth opening, each with its caption."""
    issuer, registry = f"http://{HOST}:{base_port + 1}", f"http://{HOST}:{base_port + 2}"
    run = f"demo-{int(time.time())}-{os.getpid()}"
    keys = data / "keys"
    office = Caller(registry, (keys / "registry-office.key").read_text().strip(), run)
    mint = Caller(issuer, (keys / "issuer-office.key").read_text().strip(), run)
    producer = Caller(registry, producer_key(folder, data), run)
    today = vietnam_day(system_clock())

    prepare(office, today)
    batch = order(office, producer)
    files = print_out(mint, batch, folder)
    office.post(f"/v1/batches/{batch}/delivery", {"receipt": "biên nhận mẫu / sample receipt"})
    say("4. Văn phòng đã giao tem.", "4. The office delivered the stamps.")
    lot = activate(producer, batch, today, run)
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_text("ascii"))))
    return scan(rows, lot)


def order(office: Caller, producer: Caller) -> int:
    """Order, approval, issue; the number of the batch."""
    asked = producer.post("/v1/orders", {"product_id": PRODUCT, "quantity": ORDERED})
    id = asked["order_id"]
    office.post(f"/v1/orders/{id}/approvals", {})
    issued = wait_for(
        "issuing",
        lambda: office.get(f"/v1/orders/{id}"),
        lambda seen: seen["state"] in ("issued", "failed"),
    )
    if issued["state"] != "issued":
        raise DemoFailed(str(issued))
    batch, fee = int(issued["batch"]), issued["fee_vnd"]
    say(
        f"2. {PRODUCER} đặt {ORDERED} tem ({dong(fee)} đồng), Văn phòng duyệt: đợt {batch} đã ký.",
        f"2. {PRODUCER} ordered {ORDERED} stamps ({fee:,} VND), the office approved them, "
        f"the issuer signed them as batch {batch}.",
    )
    return batch


def dong(amount: int) -> str:
    """An amount as Vietnamese writes it: 60.000."""
    return f"{amount:,}".replace(",", ".")


def print_out(mint: Caller, batch: int, folder: Path) -> dict[str, Path]:
    """What a printing house gets, and one stamp as a picture."""
    wanted = {
        "csv": ("codes.csv", "codes.csv"),
        "pdf": ("sheet.pdf", "sheet.pdf"),
        "svg": ("stamps/1.svg", "stamp.svg"),
        "png": ("stamps/1.png", "stamp.png"),
    }
    files = {
        kind: mint.save(f"/v1/batches/{batch}/{path}", folder / name)
        for kind, (path, name) in wanted.items()
    }
    names = ", ".join(str(file) for file in files.values())
    say(f"3. Tệp để in tem: {names}", "3. Files for printing are written (above).")
    return files


def activate(producer: Caller, batch: int, today: date, run: str) -> str:
    """A lot made today, and the first stamps tied to it; the lot's code."""
    made = producer.post(
        "/v1/lots",
        {
            "product_id": PRODUCT,
            "lot_code": run,
            "production_date": today.isoformat(),
            "quantity": ACTIVATED,
        },
    )
    producer.post(
        f"/v1/lots/{made['lot_id']}/activations", {"batch": batch, "first": 1, "last": ACTIVATED}
    )
    say(
        f"5. Cơ sở kích hoạt tem 1–{ACTIVATED} cho lô {run}, HSD {made['best_before']}.",
        f"5. The producer tied stamps 1 to {ACTIVATED} to lot {run}, "
        f"best before {made['best_before']}.",
    )
    return run


def scan(rows: list[dict[str, str]], lot: str) -> list[tuple[str, str]]:
    """Look up a stamp that was activated and one that was not."""
    first, waiting = rows[0]["url"], rows[ACTIVATED]["url"]
    ok = wait_for("the look-up", lambda: look_up(first), lambda a: a["verdict"] == "OK")
    if ok["lot"]["code"] != lot:
        raise DemoFailed(f"the look-up shows another lot: {ok}")
    other = look_up(waiting)
    say(
        f"6. Quét tem 1: {ok['verdict']} – {ok['product']['name']}. "
        f"Quét tem {ACTIVATED + 1}: {other['verdict']}.",
        f"6. A scan of stamp 1 says {ok['verdict']}, of stamp {ACTIVATED + 1} {other['verdict']}.",
    )
    if other["verdict"] != "NOT_ACTIVATED":
        raise DemoFailed(str(other))
    return [("tem đã kích hoạt / activated", first), ("chưa kích hoạt / not activated", waiting)]


def look_up(url: str) -> dict[str, Any]:
    """The JSON of a look-up."""
    answer: dict[str, Any] = httpx.get(url, headers={"Accept": "application/json"}).json()
    return answer


def main() -> int:
    """Run the demo; the exit status."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sample", type=Path, required=True)
    parser.add_argument("--base-port", type=int, default=8100)
    parser.add_argument("--once", action="store_true", help="end after the job")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):  # also where a shell had us ignore SIGINT
        signal.signal(number, signal.default_int_handler)
    folder: Path = options.folder.absolute()
    data = folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        run(folder, data, options.sample, options.base_port, once=options.once)
    except (DemoFailed, httpx.HTTPError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


def run(folder: Path, data: Path, sample: Path, base_port: int, *, once: bool) -> None:
    """Start, load, play, and serve unless ``once``."""
    print("Khởi động dịch vụ / starting the services", flush=True)
    with services(data, base_port):
        print("Nạp dữ liệu mẫu / loading the sample data", flush=True)
        command("registry", "import", str(sample), "--data", str(data))
        print("Một đơn hàng từ đặt đến quét / one order from request to scan", flush=True)
        addresses = play(folder, data, base_port)
        print(f"Trang công khai / public pages: http://{HOST}:{base_port + 3}/")
        for caption, url in addresses:
            print(f"  {caption}:\n  {url}")
        key = (data / "keys" / "registry-office.key").read_text().strip()
        office = Caller(f"http://{HOST}:{base_port + 2}", key, "demo-people")
        tell_how_to_sign_in(office, lambda *words: command(*words, "--data", str(data)))
        print("Khóa phát hành để tải tệp in / the issuer's key, to download a print:")
        print(f"  {data / 'keys' / 'issuer-office.key'}")
        if not once:
            print("Dừng bằng Ctrl-C / stop with Ctrl-C", flush=True)
            signal.pause()


if __name__ == "__main__":
    sys.exit(main())
