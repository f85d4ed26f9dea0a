"""The command ``tem up``."""

import os
import socket

import click

from tem import doors, up
from tem.clock import system_clock
from tem.commandline import data_option
from tem.errors import Invalid
from tem.installation import Installation
from tem.serve import SERVICES
from tem.tls import TlsFiles


@click.command("up")
@click.option(
    "--base-port",
    type=click.IntRange(1024, 65000),
    default=8100,
    show_default=True,
    help="Issuer on this + 1, registry on + 2, verifier on + 3.",
)
@click.option("--tls", is_flag=True, help="HTTPS, for a trial with phones in an office's network.")
@click.option(
    "--host",
    "hosts",
    metavar="NAME|ADDRESS",
    multiple=True,
    help="With --tls: where people find this machine; the first one is printed on stamps.",
)
@data_option
def command(base_port: int, tls: bool, hosts: tuple[str, ...], installation: Installation) -> None:
    """Run all services on the embedded default (SQLite), until Ctrl-C.

    The first start makes keys and an office account and says where they are. With --tls it makes
    a certificate too, and says what to install on phones: docs/operations.md, "A trial in the
    office's network".
    """
    ports = {service: base_port + place for place, service in enumerate(SERVICES, start=1)}
    bind = os.environ.get("TEM_BIND")
    if not tls:
        if hosts:
            raise click.UsageError("--host is for --tls: plain HTTP stays on this machine.")
        up.serve(installation, doors.plain(ports, bind))
        return
    named = tuple(dict.fromkeys(doors.host(one) for one in hosts))
    encrypted = doors.with_tls(ports, bind, named)
    if not os.environ.get("TEM_PUBLIC_URL"):
        doors.require_short(encrypted.shown["verifier"])
    up.serve(installation, encrypted, lambda: _certify(installation, named))


def _certify(installation: Installation, hosts: tuple[str, ...]) -> None:
    from tem import tls_authority  # it loads `cryptography`, which a start without TLS needs not

    files = TlsFiles.of(installation)
    if tls_authority.certify(files, hosts, _machine(), system_clock()):
        click.echo(f"  made the certificate for HTTPS: {files.certificate}", err=True)
        click.echo("  phones must install its authority, also those that had another", err=True)


def _machine() -> str:
    """What this machine calls itself, if people could type it."""
    try:
        return doors.host(socket.gethostname())
    except Invalid:
        return "localhost"
