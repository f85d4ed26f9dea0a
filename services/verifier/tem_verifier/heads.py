"""The headers of the answers to a stamp's address, for the front and for Flask alike."""

from tem.http.answered import SAFE_HEADERS
from tem.http.problems import RETRY_AFTER_SECONDS

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

# The one page with a script, which may ask the phone where it is once it is told to.
_FORM_POLICY = f"{PAGE_POLICY}; script-src 'self'"

# What was asked for: plain numbers, for members of an Enum are slow to name and to hash.
Kind = int
JSON, VI, EN = range(3)


def headers_of_page(lang: str) -> list[tuple[str, str]]:
    """Of a page for people, beside those that every answer has."""
    return [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", PAGE_POLICY),
        ("Content-Language", lang),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ("Vary", "Accept, Accept-Language"),
    ]


def headers_of_form(lang: str) -> list[tuple[str, str]]:
    """Of the page of a report."""
    own = {
        "Content-Security-Policy": _FORM_POLICY,
        "Permissions-Policy": "camera=(), geolocation=(self), microphone=()",
    }
    return [(name, own.get(name, value)) for name, value in headers_of_page(lang)]


def headers_of_json(content_type: str = "application/json") -> list[tuple[str, str]]:
    """Of an answer for machines."""
    return [("Content-Type", content_type), ("Vary", "Accept")]


def head_of(status: str, own: list[tuple[str, str]]) -> bytes:
    """The status line and headers of an answer, all but ``Content-Length`` and ``X-Request-Id``.

    ``status`` has its reason phrase; what ``own`` has not, every answer has.
    """
    named = {name for name, _ in own}
    every = [one for one in SAFE_HEADERS if one[0] not in named]
    lines = (f"{name}: {value}\r\n" for name, value in (*own, *every))
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}".encode("latin-1")


def heads_of_stamps() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The heads of answers about a stamp by kind: of those with 200, and of those with 503."""
    kinds = (headers_of_json(), headers_of_page("vi"), headers_of_page("en"))
    again = [("Retry-After", str(RETRY_AFTER_SECONDS))]
    return (
        tuple(head_of("200 OK", own) for own in kinds),
        tuple(head_of("503 SERVICE UNAVAILABLE", own + again) for own in kinds),
    )
