"""Shoppers with a telephone: the page of a stamp, then the picture by which the view is counted."""

from typing import Any

from loadtests import locust_checks
from loadtests.locust_run import (
    CHANCE,
    JSON,
    TITLES,
    TOLD,
    any_stamp,
    code,
    judge,
    verdicts,
    wrong_answer,
)
from loadtests.locust_stamps import Stamp
from locust import FastHttpUser, between, task

BROWSERS = (
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/130.0.0.0 Mobile Safari/537.36 Zalo android/12100780",
)
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
NEW_PHONE, ENGLISH = 0.3, 0.1  # of visits: nothing in the cache; a browser in English
STRANGE_BATCH = 3_000_000_000  # a number that was never given


class Consumer(FastHttpUser):
    """Each visit is another person: another address, now and then a fresh connection."""

    host = TOLD.verifier
    weight = 20
    wait_time = between(0.1, 0.5)

    def on_start(self) -> None:
        self.headers: dict[str, str] = {}

    def arrive(self) -> str:
        """A new visitor; the language its browser asks for."""
        lang = "en" if CHANCE.random() < ENGLISH else "vi"
        parts = [CHANCE.randint(1, 223), *(CHANCE.randint(0, 255) for _ in range(3))]
        self.headers = {
            "User-Agent": CHANCE.choice(BROWSERS),
            "Accept": HTML,
            "Accept-Language": "en-GB,en;q=0.8" if lang == "en" else "vi-VN,vi;q=0.9,en;q=0.6",
            "X-Forwarded-For": ".".join(map(str, parts)),
        }
        return lang

    @task(20)
    def scan(self) -> None:
        """A stamp of the shelf, as a browser asks: page, what belongs to it, beacon."""
        lang, stamp = self.arrive(), any_stamp()
        path = f"/s/{code(stamp.batch, stamp.index)}"
        page = self.page("consumer: page", path, lang, stamp, verdicts(stamp))
        if page is None:
            return
        if CHANCE.random() < NEW_PHONE:
            self.fetch("consumer: style sheet", "/static/stamp.css")
        self.beacon(page, path)
        if CHANCE.random() < 0.05:
            other = "en" if lang == "vi" else "vi"
            name = "consumer: page, other language"
            self.page(name, f"{path}?lang={other}", other, stamp, verdicts(stamp))

    def page(
        self, name: str, path: str, lang: str, stamp: Stamp | None, allowed: set[str]
    ) -> str | None:
        """Open a page and look at it; None if it was not right."""
        context = {"verdict": min(allowed)}
        with self.client.get(
            path, name=name, headers=self.headers, context=context, catch_response=True
        ) as response:
            text = response.text or ""
            right = judge(
                response,
                200,
                lambda: locust_checks.wrong_page(text, TITLES[lang], stamp, allowed),
            )
        return text if right else None

    def beacon(self, page: str, path: str) -> None:
        """The picture at the end of the page, which must be that of this very stamp."""
        picture = {**self.headers, "Accept": "image/avif,image/webp,*/*;q=0.8"}
        if CHANCE.random() < 0.1:
            picture["Connection"] = "close"
        with self.client.get(
            f"{path}/seen", name="consumer: beacon", headers=picture, catch_response=True
        ) as response:
            there = locust_checks.beacon(page) == f"{path}/seen"
            told = None if there else "page without its beacon:"
            judge(
                response, 200, lambda: told or locust_checks.wrong_picture(response.content or b"")
            )

    def fetch(self, name: str, path: str) -> None:
        """Something that belongs to a page."""
        with self.client.get(
            path, name=name, headers=self.headers, catch_response=True
        ) as response:
            judge(response, 200, lambda: None if response.content else "empty:")

    @task(3)
    def as_json(self) -> None:
        """The same for an app."""
        self.arrive()
        stamp = any_stamp()
        self.ask("consumer: JSON", code(stamp.batch, stamp.index), stamp, verdicts(stamp))

    def ask(self, name: str, digits: str, stamp: Stamp | None, allowed: set[str]) -> None:
        """Ask for JSON and check it."""
        headers, context = {**self.headers, **JSON}, {"verdict": min(allowed)}
        with self.client.get(
            f"/s/{digits}", name=name, headers=headers, context=context, catch_response=True
        ) as response:
            answer: Any = locust_checks.document(response.text or "")
            judge(response, 200, lambda: wrong_answer(answer, stamp, allowed))

    @task(2)
    def forged(self) -> None:
        """Well-formed and never issued: of a batch that exists, or of one that does not."""
        lang, stamp = self.arrive(), any_stamp()
        raw = int(code(stamp.batch, stamp.index)).to_bytes(72, "big")
        body = raw[:8]
        if CHANCE.random() < 0.5:
            body = raw[:1] + (stamp.batch + STRANGE_BATCH).to_bytes(4, "big") + raw[5:8]
        digits = f"{int.from_bytes(body + CHANCE.randbytes(64), 'big'):0174d}"
        if CHANCE.random() < 0.5:
            self.ask("consumer: forged, JSON", digits, None, {"UNKNOWN"})
        else:
            self.page("consumer: forged, page", f"/s/{digits}", lang, None, {"UNKNOWN"})

    @task(1)
    def malformed(self) -> None:
        """A code cut short, with a letter in it, or too long."""
        lang, stamp = self.arrive(), any_stamp()
        digits = code(stamp.batch, stamp.index)
        digits = CHANCE.choice((digits[: CHANCE.randint(1, 173)], f"{digits[:-1]}x", f"{digits}0"))
        if CHANCE.random() < 0.5:
            self.ask("consumer: malformed, JSON", digits, None, {"MALFORMED"})
        else:
            self.page("consumer: malformed, page", f"/s/{digits}", lang, None, {"MALFORMED"})

    @task(1)
    def home(self) -> None:
        """The way in for who types the address."""
        self.arrive()
        self.fetch("consumer: home", "/")
