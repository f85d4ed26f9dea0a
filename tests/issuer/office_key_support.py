"""What the tests of office keys share: commands, acts as functions, and kills at each write."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from tests.issuer.issuer_support import Mint, ended, fork

from tem import trust
from tem.cli import main
from tem.trust import OfficeKey, Trust
from tem_issuer import freezing, fsck, office_key_acts, office_key_making


def tem(mint_or_data: Mint | Path, *words: object) -> Result:
    data = mint_or_data if isinstance(mint_or_data, Path) else mint_or_data.installation.data
    return CliRunner().invoke(main, ["issuer", *map(str, words), "--data", str(data)])


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def known(mint: Mint) -> Trust:
    return trust.load(mint.settings.trust_file)


def ids(mint: Mint) -> list[str]:
    return list(known(mint).keys)


def key_acts(mint: Mint, key_id: str) -> list[str]:
    return [e.action.removeprefix("office_key.") for e in mint.trail(f"office-key:{key_id}")]


def signer_id(mint: Mint, number: int) -> str:
    """Who signed a released batch, as its manifest says and as the list of keys accepts."""
    batch = mint.batch(number)
    return known(mint).accept(batch.manifest or "", batch.signature or b"").office_key_id


def prepare(mint: Mint, wanted: int | None = None) -> OfficeKey:
    made, _ = office_key_making.prepare(
        mint.engine, mint.settings, mint.clock(), "test", None, wanted
    )
    return made


def activate(mint: Mint, key: OfficeKey) -> int:
    return office_key_acts.activate(mint.engine, mint.settings, mint.clock(), "test", key.id)


def retire(mint: Mint, key_id: str, lost: bool = False) -> bool:
    return office_key_acts.retire(mint.engine, mint.settings, mint.clock(), "test", key_id, lost)


def freeze(mint: Mint, key_id: str, *also: str) -> freezing.Frozen:
    return freezing.freeze(mint.engine, mint.settings, mint.clock(), "test", key_id, also)


def faults(mint: Mint) -> list[str]:
    return list(fsck.check(mint.installation))


def killed_at(mint: Mint, place: int, act: Callable[[], object]) -> bool:
    """Run an act in a process that is killed before its ``place``-th change to a file."""

    def in_child() -> None:
        left = [place]

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
            if writes or event in ("os.rename", "os.remove"):
                if str(mint.installation.data) not in str(arguments[0]):
                    return
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        act()

    status = ended(fork(mint, in_child))
    assert status in (0, -signal.SIGKILL)
    return status != 0
