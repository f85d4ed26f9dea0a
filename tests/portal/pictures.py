"""Pictures of the main pages for the documents, over the sample data:

    python -m tests.portal.pictures docs/pictures

Each is made small (a palette of few colours). They show what the services say today: run it when
pages have changed, not at each build.
"""

import argparse
import io
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from tests import browsers
from tests.portal.conftest import ARGUMENTS
from tests.portal.people import People
from tests.running import SAMPLE, Running, running

from tem.stampcode import serial

COLOURS, MOST_BYTES = 48, 60_000
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 860}, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 960}}
NEW_LOT = "lot=new&lot_code=L-2026-11-A&production_date=20/11/2026&quantity=40"
BATCH_SEEN = "HT-T0034"
SHEET = (
    "Mã chủ thể;Tên chủ thể;Loại hình;Xã/phường;Điện thoại\n"
    "HT-P701;Hợp tác xã Đồng Lộc (mẫu);hợp tác xã;Phường Hải Ninh;0239 000 0701\n"
    "HT-P702;Tổ hợp tác Cửa Sót (mẫu);hợp tác;Xã Không Có;239000702\n"
    "HT-P001;;;;0239 111 2223\n"
)
# name -> login, size, path; {batch}, {serials} and {lot} are of one producer.
PAGES: dict[str, tuple[str | None, dict[str, Any], str]] = {
    "sign-in": (None, PHONE, "/sign-in"),
    "producer-home": ("songlam", PHONE, "/my"),
    "producer-activate": ("songlam", PHONE, "/my/activate"),
    "producer-activate-check": (
        "songlam",
        PHONE,
        f"/my/activate/check?{{serials}}&{NEW_LOT}",
    ),
    "producer-stamps": ("songlam", PHONE, "/my/stamps"),
    "producer-lot": ("songlam", PHONE, "/my/lots/{lot}"),
    "office-today": ("lan", DESK, "/office"),
    "office-orders": ("lan", DESK, "/office/orders"),
    "office-lot": ("lan", DESK, "/office/lots/{lot}"),
    "office-figures": ("lan", DESK, "/office/figures"),
    "office-map": ("lan", DESK, "/office/figures/map"),
    "office-audit": ("lan", DESK, "/office/audit?kind=batch&id={batch}"),
}


def main() -> None:
    """Start an installation with the sample, and write a picture of each page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, help="an installation with the sample, to be copied")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        if options.data:
            shutil.copytree(options.data, data)
        with running(data, {"TEM_OFFICE_CONTACT": "0239 000 0000 (mẫu)"}) as installation:
            if not options.data:
                installation.tem("registry", "import", SAMPLE)
            draw(installation, options.folder)


def draw(installation: Running, folder: Path) -> None:
    """A picture of each page, and of what shoppers see."""
    folder.mkdir(parents=True, exist_ok=True)
    people = People(installation)
    places = _places(installation)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browsers.chromium(), args=ARGUMENTS)
        for name, (login, size, address) in PAGES.items():
            page = people.page(chromium, login, **size)
            page.goto(address.format(**places))
            _keep(page, folder / f"{name}.png")
        _spreadsheet(people, chromium, folder)
        _shopper(people, chromium, installation, folder)
        chromium.close()


def _places(installation: Running) -> dict[str, Any]:
    """Stamps of the producer that are still to be activated, and a lot of theirs."""
    office = installation.office()
    asked = {"producer_id": "HT-P001", "usable": "true", "limit": "100"}
    batch = office.get("/v1/batches", params=asked).json()["items"][-1]
    free = batch["delivered_ranges"][0]
    lots = office.get("/v1/lots", params={"product": batch["product_id"]}).json()["items"]
    lot = max(lots, key=lambda one: str(one["production_date"]))
    first, last = (serial(batch["number"], free["first"] + more) for more in (0, 39))
    return {"serials": f"first={first}&last={last}", "lot": lot["lot_id"], "batch": batch["number"]}


def _spreadsheet(people: People, chromium: Browser, folder: Path) -> None:
    page = people.page(chromium, "lan", **DESK)
    page.goto("/office/imports/new?kind=producer")
    file = {"name": "chu-the-2026.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}
    page.set_input_files("#file", files=[file])
    page.locator("form.card button.main").click()
    page.wait_for_url(re.compile("outcome=faulty"))
    _keep(page, folder / "office-import.png")


def _shopper(people: People, chromium: Browser, installation: Running, folder: Path) -> None:
    """What the verifier shows: a stamp that is activated, on a telephone; the page for chains."""
    printed = installation.tem("issuer", "url", BATCH_SEEN, "1").strip()
    page = people.context(chromium, None, **PHONE).new_page()
    page.goto(printed)
    _keep(page, folder / "shopper-stamp.png")
    page = people.context(chromium, None, **DESK).new_page()
    page.goto(f"{installation.url('verifier')}/developers")
    _keep(page, folder / "developers.png")


def _keep(page: Page, path: Path) -> None:
    """A screenshot of what the screen shows, as small as a document can bear."""
    picture = Image.open(io.BytesIO(page.screenshot()))
    page.context.close()
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path} {size // 1000} kB")
    assert size <= MOST_BYTES, f"{path} has {size} bytes: show less, or take fewer colours"


if __name__ == "__main__":
    main()
