"""Rules of accounts: logins, passwords, invitations, how long a session lasts. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from tem.errors import Invalid
from tem.vocabulary import Role

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,59}", re.ASCII)
LEAST_PASSWORD, MOST_PASSWORD = 10, 200
INVITATION_DAYS = 7
# No 0, 1, I, L, O, U: codes are read out on the telephone and written on paper.
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 20  # 98 bits
_MOST_REPEATED = 4

# Idle time, and time in all. An office's desk is in a room with visitors (threats.md: 15 minutes
# idle); a producer's phone is its own, and signs in again once a month.
IDLE: Final[Mapping[Role, timedelta]] = MappingProxyType(
    {
        Role.OFFICE: timedelta(minutes=15),
        Role.AUDITOR: timedelta(minutes=15),
        Role.PRODUCER: timedelta(days=7),
    }
)
WHOLE: Final[Mapping[Role, timedelta]] = MappingProxyType(
    {
        Role.OFFICE: timedelta(hours=12),
        Role.AUDITOR: timedelta(hours=12),
        Role.PRODUCER: timedelta(days=30),
    }
)


def fold_login(text: str) -> str:
    """A login in its one spelling: lower case, without blanks. Raises Invalid.

    A telephone number, an e-mail address or a short name of 3 to 60 letters, digits, ``. _ @ + -``.
    """
    folded = "".join(unicodedata.normalize("NFKC", text).split()).lower()
    if not _LOGIN.fullmatch(folded):
        raise Invalid(
            "login_invalid",
            "A login is 3 to 60 letters without accents, digits or . _ @ + -: "
            "a telephone number, an e-mail address or a short name.",
        )
    return folded


def check_password(password: str, login: str) -> None:
    """Raises Invalid for a password that is guessed first (NIST SP 800-63B §5.1.1: length counts,
    rules of composition do not)."""
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise Invalid(
            "password_length",
            f"A password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters: "
            "three or four words in a row are easy to keep in mind.",
        )
    plain = password.casefold()
    repeated = len(set(plain)) <= _MOST_REPEATED
    walked = plain in "01234567890123456789" or plain in "abcdefghijklmnopqrstuvwxyz"
    named = bool(login) and login in plain
    if repeated or walked or named or any(word in plain for word in _GUESSED_FIRST):
        raise Invalid(
            "password_guessable",
            "This password is among the first that are tried: choose one without your login, "
            "without rows of digits and without words such as matkhau.",
        )


_GUESSED_FIRST = ("password", "matkhau", "mật khẩu", "123456", "qwerty", "iloveyou", "anhyeuem")


def fold_code(text: str) -> str:
    """An invitation's code as typed: dashes, blanks and case do not matter."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())


def written_code(code: str) -> str:
    """A code as it is handed over: in groups of five."""
    return "-".join(code[at : at + 5] for at in range(0, len(code), 5))


def session_ends(role: Role, begun_at: datetime, seen_at: datetime) -> datetime:
    """When a session ends if nothing more comes."""
    return min(seen_at + IDLE[role], begun_at + WHOLE[role])
