"""``tem issuer office-key …``: the group, what there is, and what is done after a theft."""

import os
import re
from typing import Any

import click

from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option
from tem.databases.database import reading
from tem.installation import Installation
from tem_issuer import (
    freezing,
    office_key_ceremony,
    office_key_changing,
    office_key_rules,
    office_keys,
    settings,
    storage,
)
from tem_issuer.office_key_options import fingerprint
from tem_issuer.store import opened_store


@click.group("office-key")
def office_key() -> None:
    """The keys that vouch for batches: docs/operations.md, "Key ceremony"."""


for _command in (
    office_key_ceremony.create,
    office_key_ceremony.export,
    office_key_ceremony.restore,
    office_key_changing.prepare,
    office_key_changing.activate,
    office_key_changing.retire,
):
    office_key.add_command(_command)


@office_key.command()
@existing_data_option
def show(installation: Installation) -> None:
    """List the keys: id, batches, state, where the private part is, and which one signs next."""
    config = settings.read(os.environ, installation)
    known = office_keys.load(config)
    here = office_keys.in_use(config, known)
    prepared = office_keys.prepared(config, known, frozen=True)
    with opened_store(config) as engine, reading(engine) as connection:
        numbers = storage.numbers_to_sign(connection, config.first_number)
    usable = office_keys.usable(config, known)
    signer = office_key_rules.signer_of(numbers[-1], usable)
    gap = office_key_rules.first_gap(usable, numbers, known.sandbox)
    for key in known.keys.values():
        place = here.get(key.id) or prepared.get(key.id)
        state = "frozen" if key.frozen else "prepared" if key.id in prepared else "trusted"
        if signer is not None and key.id == signer.id:
            state = "signs"
        listed = f", {len(key.accepted)} manifests" if key.frozen else ""
        where = place.name if place else "private part not here"
        click.echo(fingerprint(key))
        click.echo(f"  {state}; batches {key.first_batch} to {key.last_batch}{listed}; {where}")
    click.echo(f"next batch: {numbers[-1]}; waiting to be signed: {len(numbers) - 1}")
    if gap is not None:
        span = f"batches {gap[0]} to {gap[1]}"
        click.echo(f"No key signs {span}: they wait. `activate`, `create` or `restore`.")


class Digest(click.ParamType[str]):
    """A manifest's digest on the command line."""

    name = "SHA256"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Check its form: a mistyped one would damage the list of keys."""
        if not re.fullmatch("[0-9a-f]{64}", value):
            self.fail(f"{value!r} is no digest: 64 hexadecimal digits, lower case.", param, ctx)
        return str(value)


@office_key.command()
@click.argument("key_id")
@click.option(
    "--accept",
    "also",
    multiple=True,
    type=Digest(),
    metavar="SHA256",
    help="A manifest that you vouch for: released after the backup that was restored here.",
)
@click.confirmation_option(
    prompt="From now on it vouches for what this issuer has released, and for nothing else. It "
    "never signs again. Continue?"
)
@existing_data_option
def freeze(key_id: str, also: tuple[str, ...], installation: Installation) -> None:
    """A key was stolen: list what is good in trust.json; everything else under it is refused."""
    config = settings.read(os.environ, installation)
    with opened_store(config) as engine:
        done = freezing.freeze(engine, config, system_clock(), ACTOR, key_id, also)
    click.echo(f"{done.key.id[:16]} is frozen: {len(done.key.accepted)} manifests stay accepted.")
    for number, digest in done.unexplained:
        click.echo(
            f"batch {number} ({digest}) is NOT among them: the audit trail does not tell its "
            "release. If you know it to be good: --accept.",
            err=True,
        )
    click.echo(
        f"At once: copy {config.trust_file} to the registry and every verifier; they follow it "
        "within a second.\nThen `tem fsck`, `retire` the key, `create` another and `activate` it. "
        "What is ordered waits for it."
    )
