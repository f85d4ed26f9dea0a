"""What nginx is told at its start, and the pages it shows by itself: pages.py SHARED TO NAME

One file each, looks and picture inside it: whoever cannot reach a verifier must not wait for one
again. The words are those of the verifier's own pages (``texts.json``).
"""

import base64
import hashlib
import html
import json
import os
import re
import sys
from pathlib import Path

URL = re.compile(r"(https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?)(?:/[!-~]*)?")
POLICY = (
    "default-src 'none'; style-src 'sha256-{}'; img-src data:; "
    "frame-ancestors 'none'; base-uri 'none'"
)
SIGNS = {
    "clock": "M12 6.5V12l3.6 2.2",
    "question": "M9.3 9.4c.2-3.6 5.6-3.4 5.4-.2-.1 2-2.7 2.2-2.7 4.6m0 3.4v.2",
}
PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title} – {site}</title>
<link rel="icon" href="{icon}" type="image/svg+xml">
<style>{css}</style>
</head>
<body>
<header>
<p class="site"><img src="{icon}" alt="" width="28" height="28">{site}</p>
</header>
<main>
{sections}
</main>
<footer>
<p>{contact}</p>
</footer>
</body>
</html>
"""
SECTION = """<section class="verdict neutral" lang="{lang}">
<svg viewBox="0 0 24 24" width="44" height="44" aria-hidden="true" focusable="false">
<g class="shape"><rect x="1.5" y="1.5" width="21" height="21" rx="5"/></g>
<g class="sign"><path d="{sign}"/></g></svg>
<h1>{title}</h1>
<p>{body}</p>
<p class="action">{action}</p>
</section>"""


def main(shared: Path, to: Path, name: str, contact: str, public_url: str) -> None:
    """Write pages and settings. Ends with a sentence if the public address is none."""
    found = URL.fullmatch(public_url)
    if found is None or (name == "public.tls" and not public_url.startswith("https://")):
        like = "like https://tem.example.vn" + (", for TLS is on" if found else "")
        sys.exit(f"TEM_PUBLIC_URL must be {like}: {public_url!r}")
    texts = json.loads((shared / "texts.json").read_text("utf-8"))
    css = (shared / "static" / "stamp.css").read_text("utf-8")
    icon = base64.b64encode((shared / "static" / "stamp.svg").read_bytes()).decode()
    said = {
        404: (texts["not_found"], "question"),
        429: (texts["limited"], "question"),
        503: (texts["verdicts"]["UNAVAILABLE"], "clock"),
    }
    for status, (words, sign) in said.items():
        page = PAGE.format(
            title=html.escape(words["vi"]["title"]),
            site=html.escape(texts["labels"]["vi"]["site"]),
            icon=f"data:image/svg+xml;base64,{icon}",
            css=css,
            sections="\n".join(_section(words[lang], lang, sign) for lang in ("vi", "en")),
            contact=_contact(texts["labels"]["vi"], contact),
        )
        (to / "pages" / "-" / f"{status}.page").write_text(page, "utf-8")
    hashed = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    constants = {"own_policy": POLICY.format(hashed), "public_url": found[1]}
    lines = [f'map "" ${name} {{ default "{value}"; }}\n' for name, value in constants.items()]
    (to / "servers" / "site.conf").write_text("".join(lines), "utf-8")


def _section(words: dict[str, str], lang: str, sign: str) -> str:
    own = {part: html.escape(words[part]) for part in ("title", "body", "action")}
    return SECTION.format(lang=lang, sign=SIGNS[sign], **own)


def _contact(say: dict[str, str], contact: str) -> str:
    office = f"{html.escape(say['contact'])}: <strong>{html.escape(say['office'])}</strong>"
    return f"{office} – {html.escape(contact)}." if contact else f"{office}."


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        sys.argv[3],
        os.environ.get("TEM_OFFICE_CONTACT", ""),
        os.environ.get("TEM_PUBLIC_URL") or "http://127.0.0.1:8080",
    )
