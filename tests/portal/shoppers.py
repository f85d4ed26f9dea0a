"""Shoppers of an installation: they look stamps up and report what they saw, as browsers do."""

import io
import secrets
from urllib.parse import urlsplit

import httpx
from PIL import Image
from tests.running import Running, until

from tem.stampcode import serial

BROWSER = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile"}


class Shoppers:
    """Whoever asks the verifier of an installation."""

    def __init__(self, installation: Running) -> None:
        self.installation = installation
        self._office = installation.office()

    def stamp(self, state: str) -> tuple[int, int]:
        """Batch and index of some stamp in a state."""
        found = self._office.get("/v1/batches?limit=200").json()["items"]
        batch = next(one["number"] for one in found if one["counts"][state])
        ranges = self._office.get(f"/v1/batches/{batch}").json()["ranges"]
        return batch, next(one["first"] for one in ranges if one["state"] == state)

    def look_up(self, stamp: tuple[int, int], times: int) -> str:
        """Open the page of a stamp, so that each time counts; the serial printed on it."""
        with self._browser() as client:
            path = self._path(stamp)
            for _ in range(times):
                client.get(f"{path}/seen").raise_for_status()
        return serial(*stamp)

    def report(self, stamp: tuple[int, int], kind: str, text: str, place: str = "") -> str:
        """Report a stamp with a photo; the report's number."""
        picture = io.BytesIO()
        Image.new("RGB", (320, 200), "#7a9").save(picture, "JPEG")
        form = {"token": secrets.token_hex(16), "kind": kind, "text": text, "place": place}
        photo = {"photo": ("a.jpg", picture.getvalue(), "image/jpeg")}
        with self._browser() as client:
            sent = client.post(f"{self._path(stamp)}/report", data=form, files=photo)
        assert sent.status_code == 303, sent.text
        return sent.headers["Location"].partition("?")[0].rpartition("/")[2]

    def sold(self, stamp: tuple[int, int], *chains: str) -> None:
        """Tills of these chains sell packages with the code of one stamp, one after the other."""
        code = self._path(stamp).rpartition("/")[2]
        make = ("verifier", "key", "create", "--role", "retailer", "--name")
        with self._browser() as client:
            for number, chain in enumerate(chains):
                key = self.installation.tem(*make, chain).split()[-1]
                headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"sold-{number}"}
                sale = {"sales": [{"code": code, "store": f"{chain} 1"}]}
                client.post("/v1/sales", json=sale, headers=headers).raise_for_status()

    def until_noticed(self, count: int) -> None:
        """Wait until the office can see so many stamps that are worth a look."""
        call = "/v1/lookups/noticed"
        until(lambda: len(self._office.get(call).json()["items"]) >= count)

    def _browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.installation.url("verifier"), headers=BROWSER)

    def _path(self, stamp: tuple[int, int]) -> str:
        """The path of the address that is printed on a stamp."""
        return urlsplit(self.installation.tem("issuer", "url", *stamp).strip()).path
