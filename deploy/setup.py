"""The first step of `docker compose up`: secrets and configuration, each where it is needed.

    python setup.py [FOLDER]

FOLDER (/setup) holds one small volume for each container, which sees its own and no other.
Passwords are random, made once and kept in ``accounts/``; delete one there and start again to
change it. Everything else is written anew each time. This runs without network and without
rights; group 999 is what PostgreSQL and Valkey run as.
"""

import os
import secrets
import sys
from pathlib import Path

ENGINES = 999
ACCOUNTS = ("tem_owner", "tem_issuer", "tem_registry", "tem_verifier", "tem_replication")
OTHERS = ("record_superuser", "edge_superuser", "valkey")
RECORD, EDGE = "postgres-record", "postgres-edge"
SHIPPED = Path(__file__).parent


def write(path: Path, content: str, mode: int = 0o600, group: int | None = None) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    if group is not None:
        os.chown(draft, -1, group)
    draft.chmod(mode)
    draft.replace(path)


def passwords(folder: Path) -> dict[str, str]:
    """Every password by its name; what is missing is made."""
    for name in (*ACCOUNTS, *OTHERS):
        if not (folder / name).exists():
            write(folder / name, secrets.token_urlsafe(32))
    return {name: (folder / name).read_text("utf-8").strip() for name in (*ACCOUNTS, *OTHERS)}


def pgpass(known: dict[str, str], *lines: tuple[str, str, str]) -> str:
    """libpq's password file: (host, account, name of its password) a line."""
    return "".join(f"{host}:5432:*:{account}:{known[name]}\n" for host, account, name in lines)


def engine(folder: Path, *shipped: str, **written: str) -> None:
    """What an engine's container sees: files shipped with the image, and secrets."""
    for name in shipped:
        write(folder / name.rpartition("/")[2], (SHIPPED / name).read_text("utf-8"), 0o640, ENGINES)
    for name, content in written.items():
        write(folder / name, content, 0o640, ENGINES)
    os.chown(folder, -1, ENGINES)
    folder.chmod(0o750)


def main(root: Path) -> None:
    """Fill the volumes below ``root``."""
    known = passwords(root / "accounts")
    superusers = (RECORD, "postgres", "record_superuser"), (EDGE, "postgres", "edge_superuser")
    owners = (RECORD, "tem_owner", "tem_owner"), (EDGE, "tem_owner", "tem_owner")
    write(root / "accounts" / "pgpass", pgpass(known, *superusers, *owners))
    for service, host in (("issuer", RECORD), ("registry", RECORD), ("verifier", EDGE)):
        account = f"tem_{service}"
        write(root / service / "pgpass", pgpass(known, (host, account, account)))
    write(root / "verifier" / "valkey-password", known["valkey"])
    for name in (RECORD, EDGE):
        short = name.removeprefix("postgres-")
        engine(
            root / name,
            *("start.sh", "common.conf", f"{short}.conf", f"{short}.hba.conf"),
            superuser_password=known[f"{short}_superuser"],
        )
    engine(root / "valkey", "valkey.conf", **{"auth.conf": f"requirepass {known['valkey']}\n"})


if __name__ == "__main__":
    main(Path((sys.argv[1:] or ["/setup"])[0]))
