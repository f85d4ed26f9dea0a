"""``tem registry account``: how the first person of all gets in, on the machine itself."""

import subprocess
from pathlib import Path

import pytest
from tests import commands
from tests.registry.installed import copied, without_our_variables

_PRODUCER = ("invite", "--login", "hoa", "--name", "X", "--role", "producer")
NO_PRODUCER = (*_PRODUCER, "--producer", "HT-P999")


@pytest.fixture
def account(sample: Path, tmp_path: Path) -> "Account":
    """The command on an installation of a test's own."""
    return Account(copied(sample, tmp_path / "data"))


class Account:
    """``tem registry account …`` on one installation."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __call__(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return commands.run(
            "registry", "account", *words, "--data", self._data, env=without_our_variables()
        )

    def invite(self, login: str, role: str = "office", *more: str) -> str:
        """The code of an invitation: standard output and nothing else."""
        done = self("invite", "--login", login, "--name", "Hoa (mẫu)", "--role", role, *more)
        assert done.returncode == 0, done.stderr
        assert f"{login.lower()} may set a password at" in done.stderr
        return done.stdout.strip()


def test_people_are_invited_listed_and_kept_out(account: Account) -> None:
    """The code is the one word on standard output; a new one takes the place of the first."""
    code = account.invite("HOA")
    assert len(code.split("-")) == 4 and len(code.split()) == 1
    account.invite("0912345678", "producer", "--producer", "HT-P001")
    assert account("list").stdout.splitlines() == [
        "0912345678  producer HT-P001  Hoa (mẫu)  invited",
        "hoa  office  Hoa (mẫu)  invited",
    ]
    again = account("reset", "hoa").stdout.strip()
    assert len(again) == len(code) and again != code
    assert account("disable", "0912 345 678").returncode == 0
    assert "invited" not in account("list").stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("invite", "--login", "x", "--name", "X", "--role", "office"), "login_invalid"),
        (("invite", "--login", "hoa", "--name", " ", "--role", "office"), "name_invalid"),
        (_PRODUCER, "producer_mismatch"),
        (NO_PRODUCER, "no_such_producer"),
        (("reset", "hoa"), "no_such_account"),
        (("disable", "hoa"), "no_such_account"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(sample: Path, words: tuple[str, ...], code: str) -> None:
    """The code stands at its end, and nothing is changed."""
    done = Account(sample)(*words)
    assert done.returncode == 1 and done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert line.endswith(f"[{code}]")
    assert Account(sample)("list").stdout == ""


def test_the_last_of_the_office_stays_and_a_login_is_one_persons(account: Account) -> None:
    """A login is taken in any spelling; who cannot sign in yet does not keep the office open."""
    account.invite("hoa")
    taken = account("invite", "--login", "Hoa", "--name", "X", "--role", "auditor")
    assert "[login_taken]" in taken.stderr
    last = account("disable", "hoa")
    assert last.returncode == 1 and "[last_office_account]" in last.stderr
