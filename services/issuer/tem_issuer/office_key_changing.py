"""``tem issuer office-key prepare|activate|retire``: one key after the other."""

import os
from pathlib import Path

import click
from sqlalchemy import Engine

from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option
from tem.errors import Invalid
from tem.installation import Installation
from tem.stampcode import MAX_BATCH
from tem.tls import TlsFiles
from tem_issuer import (
    office_key_acts,
    office_key_making,
    office_key_options,
    office_key_rules,
    office_key_seen,
    office_keys,
    pack_key,
    settings,
)
from tem_issuer.settings import Settings
from tem_issuer.store import opened_store


@click.command()
@office_key_options.passphrase_options
@office_key_options.FIRST_BATCH
@existing_data_option
def prepare(
    passphrase_file: Path | None,
    unsealed: bool,
    first_batch: int | None,
    installation: Installation,
) -> None:
    """Make the next key beside the present one. It is trusted from N on, and does not sign yet.

    N is the number of the next batch, if not given; where the present key has signed none yet,
    the one behind its first. Again it shows the key that waits.
    """
    config = settings.read(os.environ, installation)
    secret = office_key_options.passphrase(config, passphrase_file, unsealed)
    now = system_clock()
    with opened_store(config) as engine:
        key, made = office_key_making.prepare(engine, config, now, ACTOR, secret, first_batch)
    click.echo("made, and does not sign yet" if made else "was prepared before; nothing is new")
    office_key_options.tell_ceremony(config, key)
    click.echo(
        f"Now copy {config.trust_file} to the registry and every verifier "
        "(they follow the file), then\n"
        f"tem issuer office-key activate {key.id[:16]} --verifier https://…"
    )


@click.command()
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
    key = office_key_rules.named(office_keys.load(config).keys, key_id)
    own = installation.addresses().get("verifier")
    authority = TlsFiles.of(installation).authority
    for source in () if unchecked else sources or _given(own):
        office_key_seen.require_known(source, key, authority)
        click.echo(f"{source} knows it")
    with opened_store(config) as engine:
        start = office_key_acts.activate(engine, config, system_clock(), ACTOR, key.id)
        _renew_pack_key(engine, config)
    if key.last_batch < MAX_BATCH:
        click.echo(f"{key.id[:16]} signs batches {key.first_batch} to {key.last_batch}.")
        return
    click.echo(f"{key.id[:16]} signs from batch {start} on.")
    click.echo(
        f"Copy {config.trust_file} once more: the old key's range is closed. When all below "
        f"{start} is released: `retire` it."
    )


def _renew_pack_key(engine: Engine, config: Settings) -> None:
    """A key whose range was closed vouches for no pack key any more: tills wait for another."""
    now = system_clock()
    if not pack_key.is_needed(config, now):
        return
    try:
        pack_key.make(engine, config, now, ACTOR)
    except pack_key.NobodyVouches as away:
        click.echo(away.detail, err=True)
        return
    click.echo(f"There is a new key for offline packs, for the follower: {config.pack_key_file}")


def _given(own: str | None) -> tuple[str, ...]:
    if own is None:
        raise Invalid(
            "verifier_missing",
            "Name the verifiers with --verifier, or say --unchecked if you have compared their "
            "/v1/trust with trust.json yourself.",
        )
    return (own,)


@click.command()
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
