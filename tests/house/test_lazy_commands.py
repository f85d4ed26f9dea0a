"""Commands are imported when they are named, and no more than they need."""

import subprocess
import sys

import click
import pytest
from tests.running import ROOT

from tem.cli import main

# What runs for long beside the web servers, or starts before them.
BESIDE_THE_WEB = (
    "tem_issuer.commands",
    "tem_issuer.first_start",
    "tem_registry.first_start",
    "tem_registry.follow_command",
    "tem_verifier.first_start",
)
WEB_AND_PRINT = ("flask", "flask_smorest", "numpy", "pikepdf", "qrcode", "zxingcpp")


def groups(group: click.Group) -> list[tuple[str, click.Command]]:
    """Every command below a group, with the name it is found by."""
    context, found = click.Context(group), []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        found.append((name, command))
        if isinstance(command, click.Group):
            found += groups(command)
    return found


def test_every_command_is_found_by_its_own_name() -> None:
    """A name that leads nowhere, or to another command, would be seen only by who types it."""
    found = groups(main)
    assert {"up", "fsck", "follow", "epcis", "office-key", "accept-restore"} <= dict(found).keys()
    assert [name for name, command in found if command.name != name] == []


def test_what_runs_beside_the_web_loads_nothing_of_it() -> None:
    """The signer, the follower and the first start hold neither Flask nor what draws symbols."""
    script = "import sys\n" + "\n".join(f"import {name}" for name in BESIDE_THE_WEB)
    told = subprocess.run(
        [sys.executable, "-c", f"{script}\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(WEB_AND_PRINT) & set(told.stdout.split()) == set()


@pytest.mark.parametrize("words", [["nowhere"], ["registry", "nowhere"]])
def test_a_command_that_is_none_is_told(words: list[str]) -> None:
    """As click tells it, with exit status 2."""
    with pytest.raises(click.UsageError, match="No such command") as refused:
        main.main(words, standalone_mode=False)
    assert refused.value.exit_code == 2
