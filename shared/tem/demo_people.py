"""Who signs in to the demo's pages: one of the office, one of a producer, by invitation."""

from collections.abc import Callable
from urllib.parse import urlencode

from tem.demo_client import Caller
from tem.demo_records import PRODUCER

# login -> caption, what `tem registry account invite` is told besides
PEOPLE: dict[str, tuple[str, tuple[str, ...]]] = {
    "vanphong": (
        "Văn phòng / the office",
        ("--role", "office", "--name", "Văn phòng (mẫu)"),
    ),
    "coso": (
        "Cơ sở / a producer",
        ("--role", "producer", "--producer", PRODUCER, "--name", "Cơ sở (mẫu)"),
    ),
}


def tell_how_to_sign_in(office: Caller, account: Callable[..., str]) -> None:
    """Print a link for whoever has no password yet.

    ``account`` runs ``tem registry account …`` and gives its last word, the code. The code stands
    behind ``#`` of the link, which no server sees.
    """
    states = {one["login"]: one["state"] for one in office.get("/v1/accounts")["items"]}
    print(f"Trang đăng nhập / pages to sign in to: {office.base}/")
    print("  Mở đường dẫn một lần để đặt mật khẩu / open a link once to set a password:")
    for login, (caption, words) in PEOPLE.items():
        if states.get(login) == "active":
            print(f"  {caption}: {login}, mật khẩu đã đặt / with the password you set")
            continue
        act = ("reset", login) if login in states else ("invite", "--login", login, *words)
        sent = urlencode({"login": login, "code": account("registry", "account", *act)})
        print(f"  {caption}:\n  {office.base}/invitation#{sent}")
