"""``tem issuer office-key …``: the office's keys made, changed, given up and frozen."""

import os
import re
from pathlib import Path
from typing import Any

import click

from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option
from tem.database import reading
from tem.errors import Invalid
from tem.installation import Installation
from tem.stampcode import MAX_BATCH
from tem.trust import OfficeKey
from tem_issuer import (
    freezing,
    office_key_acts,
    office_key_ceremony,
    office_key_rules,
    office_key_seen,
    office_keys,
    settings,
    storage,
)
from tem_issuer.office_key_ceremony import opened_store


class Digest(click.ParamType[str]):
    """A manifest's digest on the command line."""

    name = "SHA256"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Check its form: a mistyped one would damage the list of keys."""
        if not re.fullmatch("[0-9a-f]{64}", value):
            self.fail(f"{value!r} is no digest: 64 hexadecimal digits, lower case.", param, ctx)
        return str(value)


@click.group("office-key")
def office_key() -> None:
    """The keys that vouch for batches: docs/operations.md, "Key ceremony"."""


for _command in (
    office_key_ceremony.create,
    office_key_ceremony.export,
    office_key_ceremony.restore,
):
    office_key.add_command(_command)


@office_key.command()
@existing_data_option
def show(installation: Installation) -> None:
    """List the keys: id, batches, state, where the private part is, and which one signs next."""
    config = settings.read(os.environ, installation)
    known = office_key_acts.load(config)
    here, prepared = office_keys.in_use(config, known), office_keys.prepared(config, known)
    with opened_store(config) as engine, reading(engine) as connection:
        following = storage.counter(connection) or config.first_number
        waiting = len(storage.unsigned_batches(connection))
    signer = office_key_rules.signer_of(following, known.keys.values(), here)
    for key in known.keys.values():
        place = here.get(key.id) or prepared.get(key.id)
        state = "frozen" if key.frozen else "prepared" if key.id in prepared else "trusted"
        if signer is not None and key.id == signer.id:
            state = "signs"
        listed = f", {len(key.accepted)} manifests" if key.frozen else ""
        where = place.name if place else "private part not here"
        click.echo(f"{office_key_ceremony.fingerprint(key)}")
        click.echo(f"  {state}; batches {key.first_batch} to {key.last_batch}{listed}; {where}")
    click.echo(f"next batch: {following}; waiting to be signed: {waiting}")
    if signer is None:
        click.echo("No key signs: what is ordered waits. `create`, `restore` or `activate`.")


@office_key.command()
@office_key_ceremony.passphrase_options
@click.option("--first-batch", type=click.IntRange(1, MAX_BATCH), metavar="N")
@existing_data_option
def prepare(
    passphrase_file: Path | None,
    unsealed: bool,
    first_batch: int | None,
    installation: Installation,
) -> None:
    """Make the next key beside the present one. It is trusted from N on, and does not sign yet.

    N is the number of the next batch, if not given. Again it shows the key that waits.
    """
    config = settings.read(os.environ, installation)
    secret = office_key_ceremony.passphrase(config, passphrase_file, unsealed)
    now = system_clock()
    with opened_store(config) as engine:
        key, made = office_key_acts.prepare(engine, config, now, ACTOR, secret, first_batch)
    click.echo("made, and does not sign yet" if made else "was prepared before; nothing is new")
    office_key_ceremony.tell_ceremony(config, key)
    click.echo(
        f"Now copy {config.trust_file} to the registry and every verifier "
        "(they follow the file), then\n"
        f"tem issuer office-key activate {key.id[:16]} --verifier https://…"
    )


@office_key.command()
@click.argument("key_id")
@click.option(
    "--verifier",
    "sources",
    multiple=True,
    metavar="URL|FILE",
    help="Where a verifier answers, or a file with the answer of its /v1/trust; for each of them.",
)
@click.option("--unchecked", is_flag=True, help="Ask no verifier whether it knows the key.")
@existing_data_option
def activate(
    key_id: str, sources: tuple[str, ...], unchecked: bool, installation: Installation
) -> None:
    """Let a prepared key sign, from the next batch on; numbers already taken keep their signer.

    Refused unless the verifiers know it. Without --verifier the one of `tem up` is asked.
    """
    config = settings.read(os.environ, installation)
    key = office_key_rules.named(office_key_acts.load(config).keys, key_id)
    own = installation.addresses().get("verifier")
    for source in () if unchecked else sources or _given(own):
        office_key_seen.require_known(source, key)
        click.echo(f"{source} knows it")
    with opened_store(config) as engine:
        start = office_key_acts.activate(engine, config, system_clock(), ACTOR, key.id)
    click.echo(f"{key.id[:16]} signs from batch {start} on.")
    click.echo(
        f"Copy {config.trust_file} once more: the old key's range is closed. When all below "
        f"{start} is released: `retire` it."
    )


def _given(own: str | None) -> tuple[str, ...]:
    if own is None:
        raise Invalid(
            "verifier_missing",
            "Name the verifiers with --verifier, or say --unchecked if you have compared their "
            "/v1/trust with trust.json yourself.",
        )
    return (own,)


@office_key.command()
@click.argument("key_id")
@click.option("--lost", is_flag=True, help="It cannot be opened any more: give it up as it is.")
@click.confirmation_option(prompt="Its private part is destroyed here. Continue?")
@existing_data_option
def retire(key_id: str, lost: bool, installation: Installation) -> None:
    """Destroy a key's private part. What it signed stays accepted."""
    config = settings.read(os.environ, installation)
    with opened_store(config) as engine:
        gone = office_key_acts.retire(engine, config, system_clock(), ACTOR, key_id, lost)
    click.echo("destroyed" if gone else "there was none here")
    click.echo("Destroy the copies in the safe too. trust.json goes on naming its public part.")
    if lost:
        click.echo("If somebody else may have it: `freeze` it. Then `create` another.")


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
    click.echo(f"{_short(done.key)} is frozen: {len(done.key.accepted)} manifests stay accepted.")
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


def _short(key: OfficeKey) -> str:
    return key.id[: office_keys.NAME_DIGITS]
