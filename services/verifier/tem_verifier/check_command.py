"""``tem verifier check``: the whole verdict out of an offline pack, with no network."""

import json
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from tem import ed25519
from tem.clock import system_clock
from tem.commandline import Instant, data_option, errors_end_with
from tem.errors import Invalid
from tem.installation import Installation
from tem.pack import reader, trust_list
from tem.pack.reader import Pack
from tem_verifier.packs import seen, told
from tem_verifier.packs.asking import REFUSED, STATUS, Asked, Moment, scanned
from tem_verifier.templating import texts

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("code")
@click.option("--pack", "file", type=_FILE, required=True, help="The pack to ask.")
@click.option(
    "--trust",
    type=_FILE,
    help="Trust list (else the installation's, else trust.json beside the pack).",
)
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
    believed = trust or _trust_of(installation, file)
    asked = Asked(
        *(_opened(file, believed), file),
        clock=system_clock,
        at=at,
        warn=partial(click.echo, err=True),
    )
    words, worst = texts(), 0
    for answer, moment in asked.answers(scanned(sys.stdin) if code == "-" else [code]):
        worst = max(worst, STATUS[answer["advice"]])
        for line in (
            [_json(asked, answer, moment, believed)] if as_json else told.lines(words, answer)
        ):
            click.echo(line)
    if not as_json:
        header = asked.pack.header
        click.echo(told.knowledge(header.as_of, asked.moment().age, header.sequence))
        click.echo(f"Danh sách khóa / Trust list: {believed}")
    click.get_current_context().exit(worst)


def _trust_of(installation: Installation, pack: Path) -> Path:
    """The installation's own: one that came with a pack could be made for it."""
    own, beside = installation.trust_file, pack.with_name("trust.json")
    return own if own.exists() or not beside.exists() else beside


def _opened(file: Path, trust: Path) -> Pack:
    try:
        believed = trust_list.parse(trust.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            "trust_unreadable",
            f"The trust list {trust} cannot be read: fetch it once over a way you trust "
            "(GET /v1/trust) and name it with --trust.",
        ) from error
    highest = seen.read(file).sequence
    return reader.open_pack(file.read_bytes(), believed, highest, ed25519.verifies)


def _json(asked: Asked, answer: dict[str, Any], moment: Moment, trust: Path) -> str:
    known = {**asked.known(moment), "trust": str(trust)}
    return json.dumps({**answer, "pack": known}, ensure_ascii=False)
