"""``tem verifier check``: the whole verdict out of an offline pack, with no network."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from tem import ed25519
from tem.clock import system_clock
from tem.commandline import Instant, data_option, errors_end_with
from tem.errors import Invalid
from tem.installation import Installation
from tem.pack import reader, trust_list
from tem.pack.canonical import instant
from tem.pack.reader import Pack
from tem_verifier.packs import seen, told
from tem_verifier.templating import texts

# Exit statuses; of many codes the highest counts.
STATUS = {"allow": 0, "ask": 3, "stop": 4}
REFUSED = 5
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("code")
@click.option("--pack", "file", type=_FILE, required=True, help="The pack to ask.")
@click.option("--trust", type=_FILE, help="Trust list (else trust.json beside the pack).")
@click.option("--at", type=Instant(), help="Move the clock: 2026-11-20T09:00:00+07:00")
@click.option("--json", "as_json", is_flag=True, help="The answer of a look-up, one a line.")
@data_option
def check(
    code: str,
    file: Path,
    trust: Path | None,
    at: datetime | None,
    as_json: bool,
    installation: Installation,
) -> None:
    """Ask an offline pack about a stamp: needs no network, no database, no key.

    CODE is the digits or the address of a stamp; - reads many, one a line. Exit status: 0 allow,
    3 ask a person, 4 stop, 5 the pack is refused; of many codes the highest.
    """
    errors_end_with(REFUSED)
    pack = _opened(file, trust or _trust_beside(file, installation))
    # A clock that stands before the pack is certainly wrong.
    now = at or max(system_clock(), instant(pack.header.as_of))
    words, worst = texts(), 0
    for one in _codes(code):
        answer = pack.answer(one, now)
        worst = max(worst, STATUS[answer["advice"]])
        for line in [_json(pack, answer, now)] if as_json else told.lines(words, answer):
            click.echo(line)
    if not as_json:
        header = pack.header
        click.echo(told.knowledge(header.as_of, _age(pack, now), header.sequence))
    click.get_current_context().exit(worst)


def _trust_beside(pack: Path, installation: Installation) -> Path:
    beside = pack.with_name("trust.json")
    return beside if beside.exists() else installation.trust_file


def _opened(file: Path, trust: Path) -> Pack:
    try:
        believed = trust_list.parse(trust.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            "trust_unreadable",
            f"The trust list {trust} cannot be read: fetch it once over a way you trust "
            "(GET /v1/trust) and name it with --trust.",
        ) from error
    highest = seen.highest(file)
    pack = reader.open_pack(file.read_bytes(), believed, highest, ed25519.verifies)
    if pack.header.sequence > highest:
        try:
            seen.keep(file, pack.header.sequence)
        except OSError as error:
            click.echo(
                f"Cannot remember that pack {pack.header.sequence} was seen: {error}", err=True
            )
    return pack


def _codes(code: str) -> Iterator[str]:
    if code != "-":
        yield code
        return
    for line in sys.stdin:
        yield line.rstrip("\r\n")


def _json(pack: Pack, answer: dict[str, Any], now: datetime) -> str:
    known = {
        "sequence": pack.header.sequence,
        "valid_until": pack.header.valid_until,
        "age_seconds": int(_age(pack, now).total_seconds()),
    }
    return json.dumps({**answer, "pack": known}, ensure_ascii=False)


def _age(pack: Pack, now: datetime) -> timedelta:
    return max(now - instant(pack.header.as_of), timedelta(0))
