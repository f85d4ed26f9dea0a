"""``tem registry import``: load a folder, or say what loading it would do."""

import logging
import os
import sys
from functools import partial
from pathlib import Path

import click

from tem import logs, trust, up
from tem.clock import system_clock
from tem.commandline import data_option, for_this_command
from tem.databases.database import writing
from tem.installation import Installation
from tem_registry import settings
from tem_registry.forgetting import forgetting
from tem_registry.importing import import_dry_run, import_folder, import_issue, importing
from tem_registry.importing.import_folder import Folder
from tem_registry.importing.import_report import FORM, Progress, Report
from tem_registry.orders.issuer_client import IssuerClient
from tem_registry.store import open_store

# The steps of an import in an office's words; the right-hand ones are those of the glossary.
STEPS = {
    "producer": "cơ sở sản xuất / producers",
    "product": "sản phẩm / products",
    "certificate": "giấy chứng nhận / certificates",
    "point_of_sale": "điểm bán / points of sale",
    "contract": "hợp đồng / contracts",
    "stamp_batch": "đơn đặt tem / orders of batches",
    "stamp_batch issue": "phát hành tem / batches issued",
    "stamp_batch delivery": "bàn giao tem / batches delivered",
    "lot": "lô và kích hoạt / lots, activations, recalls",
    "stamp_batch end": "hủy, thu hồi tem / voids and revocations of batches",
}


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--dry-run", is_flag=True, help="Change nothing: report what would be done and refused."
)
@click.option(
    "--report",
    "report_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report to FILE, as CSV if it ends in .csv, else as JSON.",
)
@data_option
def import_(
    folder: Path, dry_run: bool, report_file: Path | None, installation: Installation
) -> None:
    """Load a FOLDER laid out like shared/sample, really issuing its batches.

    It can be killed and run again; a second run changes nothing. A row that has changed since
    it was imported is reported and not applied. Exit status 1 if anything was not taken over,
    or with --dry-run would not be; a dry run names every fault and needs no issuer.
    """
    logs.configure("import", logging.WARNING)  # a person reads along: alarms only
    if dry_run:
        config = settings.read(os.environ, installation)
        report = import_dry_run.run(config, system_clock, import_folder.read(folder), _progress())
    else:  # a broken folder is refused before anything is started
        report = _load(import_folder.read_folder(folder), installation)
    if report_file is not None:
        _write(report, report_file)
    _tell(report)


def _load(folder: Folder, installation: Installation) -> Report:
    report, progress = Report(unknown=folder.unknown), _progress()
    with up.issuer_of(installation) as issuer_url:
        config = settings.read(os.environ, installation)
        engine, trusted = for_this_command(open_store(config)), trust.load(config.trust_file)
        with IssuerClient.from_key_file(issuer_url, config.issuer_key_file) as issuer:
            signing = import_issue.Signing(engine, system_clock, trusted, issuer, progress)
            importing.Import(
                partial(writing, engine),
                config,
                system_clock,
                signing.run,
                report,
                progress,
                folder.places,
            ).run(folder.files)
        # What was taken over about lots of the past does not stay public until the next hour.
        forgetting.HourlySweep(engine, system_clock, config.window_months).if_due()
    return report


def _write(report: Report, file: Path) -> None:
    if file.suffix.lower() == ".csv":
        file.write_text(report.as_csv(), "utf-8-sig", newline="")  # the mark tells Excel
    else:
        file.write_text(report.as_json(), "utf-8")


def _tell(report: Report) -> None:
    would = "would be " if report.dry_run else ""
    if report.nothing_until_mended:
        faults = sum(one.code in FORM for one in report.refused)
        click.echo(f"nothing would be imported until {faults} fault(s) of form are mended; then:")
    told = (("added", report.added), ("unchanged", report.unchanged), ("changed", report.changed))
    for title, counts in told:
        if title != "changed" or counts:
            words = ", ".join(f"{number} × {kind}" for kind, number in counts.items())
            click.echo(f"{would if title == 'added' else ''}{title}: {words or 'nothing'}")
    if report.unknown:
        click.echo("left aside, because no field is called so (misspelt?):")
        for name in report.unknown:
            click.echo(f"  {name}")
    if report.refused:
        click.echo(
            f"{would or 'not '}{'refused' if would else 'taken over'} ({len(report.refused)}):"
        )
        for problem in report.problems:
            click.echo(f"  {problem}")
        sys.exit(1)


def _progress() -> Progress:
    """A line that counts, on a terminal; elsewhere one line when a step is done."""
    terminal = sys.stderr.isatty()
    last: list[str] = []

    def show(step: str, done: int, total: int) -> None:
        text = f"  {STEPS.get(step, step)}: {done}/{total}"
        if terminal:
            click.echo(f"\r{text:70}", nl=done >= total, err=True)
        elif done >= total and text not in last:
            click.echo(text, err=True)
        last[:] = [text]

    return show
