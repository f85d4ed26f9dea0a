"""What the demo's steps share: a client like any other, and words in both languages."""

from pathlib import Path
from typing import Any

import httpx


def say(vietnamese: str, english: str) -> None:
    """One step, in both languages."""
    print(f"  {vietnamese}\n    {english}", flush=True)


class DemoFailed(Exception):
    """A step did not do what it should."""


class Caller:
    """One key's HTTP calls to one service; every act has an Idempotency-Key of its own."""

    def __init__(self, base: str, key: str, run: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self.base = base
        self._http = httpx.Client(base_url=base, headers=headers, timeout=60)
        self._run, self._acts = run, 0

    def post(self, path: str, body: dict[str, Any], allow: tuple[int, ...] = ()) -> dict[str, Any]:
        """An act; the JSON answered. Raises DemoFailed with the problem's words."""
        self._acts += 1
        headers = {"Idempotency-Key": f"{self._run}-{self._acts}"}
        return self._json(self._http.post(path, json=body, headers=headers), allow)

    def send(self, path: str, content: bytes, content_type: str) -> dict[str, Any]:
        """Raw bytes; the JSON answered."""
        headers = {"Content-Type": content_type}
        return self._json(self._http.post(path, content=content, headers=headers))

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A change; the JSON answered."""
        return self._json(self._http.patch(path, json=body))

    def get(self, path: str) -> dict[str, Any]:
        """What is at a path."""
        return self._json(self._http.get(path))

    def save(self, path: str, file: Path) -> Path:
        """Download to a file."""
        response = self._http.get(path)
        if response.status_code != 200:
            raise DemoFailed(f"{path}: {response.text}")
        file.write_bytes(response.content)
        return file

    @staticmethod
    def _json(response: httpx.Response, allow: tuple[int, ...] = ()) -> dict[str, Any]:
        if response.status_code >= 400 and response.status_code not in allow:
            raise DemoFailed(f"{response.request.url.path}: {response.text}")
        body: dict[str, Any] = response.json()
        return body
