"""What leaves for the printing house, and the end of it: exports, then destruction.

Every export is an audited act, recorded before the first code is handed out.
"""

from collections.abc import Iterator
from datetime import datetime

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, Engine

from tem.databases.database import reading
from tem.errors import Conflict, NotFound, Unavailable
from tem.installation import sync_folder
from tem.stampcode import serial, text_of
from tem.trail import audit
from tem_issuer import batch_files, keys, storage
from tem_issuer.codefile import CodeReader, Layout
from tem_issuer.domain import Batch, BatchState, check_codes_kept, check_range
from tem_issuer.settings import Settings

CSV_HEADER = "sequence,serial,url,batch\r\n"
LINES_PER_PIECE = 1000


def batch_named(connection: Connection, name: str) -> Batch:
    """A batch by the order's reference or, failing that, by its number. Raises NotFound."""
    batch = storage.find_reference(connection, name)
    if batch is None and name.isascii() and name.isdigit() and len(name) <= 10:
        batch = storage.find_batch(connection, int(name))
    if batch is None:
        raise NotFound("no_such_batch", f"There is no batch {name} here.")
    return batch


def export(
    connection: Connection,
    now: datetime,
    actor: str,
    batch: Batch,
    first: int,
    last: int,
    form: str,
) -> None:
    """Check that the codes may leave, and write down that they do.

    The batch is read again: its print may have been confirmed since the caller read it.
    """
    batch = storage.find_batch(connection, batch.number) or batch
    check_codes_kept(batch)
    check_range(batch, first, last)
    details = {"first": first, "last": last, "form": form}
    audit.record(connection, now, actor, "codes.exported", f"batch:{batch.number}", details)


def open_codes(config: Settings, batch: Batch) -> CodeReader:
    """The kept codes of a released batch. Raises Gone after the print, or Unavailable."""
    check_codes_kept(batch)
    codes, wrapped, _ = batch_files.paths(config, batch.number, batch.attempt)
    try:
        data_key = keys.unwrap_file(config.wrapping_key, wrapped, batch.number, batch.attempt)
        layout = Layout(batch.number, batch.attempt, batch.last_index or 0)
        return CodeReader(codes, data_key, layout)
    except FileNotFoundError as error:
        raise Unavailable(
            "codes_missing",
            f"The codes of batch {batch.number} are not on this machine. After a restore from a "
            "backup that is to be expected: backups hold no codes.",
        ) from error
    except InvalidTag as error:
        raise _damaged(batch) from error


def _damaged(batch: Batch) -> Unavailable:
    return Unavailable(
        "codes_damaged",
        f"The stored codes of batch {batch.number} are not those that were signed: `tem fsck` "
        "says which file changed.",
    )


def stamps(reader: CodeReader, batch: Batch, first: int, last: int) -> Iterator[tuple[str, str]]:
    """(serial, url) of a range, in roll order. Raises Unavailable if a code was changed."""
    try:
        for index, raw in reader.codes(first, last):
            yield serial(batch.number, index), batch.url_prefix + text_of(raw)
    except InvalidTag as error:
        raise _damaged(batch) from error


def csv_pieces(reader: CodeReader, batch: Batch) -> Iterator[str]:
    """The printing house's file, piece by piece: one row a stamp, all plain ASCII."""
    yield CSV_HEADER
    lines: list[str] = []
    for row, (name, url) in enumerate(stamps(reader, batch, 1, batch.quantity), start=1):
        lines.append(f"{row},{name},{url},{batch.number}\r\n")
        if len(lines) == LINES_PER_PIECE:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def confirm_print(connection: Connection, now: datetime, actor: str, number: int) -> Batch:
    """Record that a batch was printed. Afterwards call :func:`destroy_codes`.

    Raises NotFound, or Conflict before the release. Confirming again changes nothing.
    """
    if storage.confirm_print(connection, number, now):
        audit.record(connection, now, actor, "print.confirmed", f"batch:{number}")
    batch = storage.find_batch(connection, number)
    if batch is None:
        raise NotFound("no_such_batch", f"There is no batch {number} here.")
    if batch.state != BatchState.RELEASED:
        raise Conflict("not_released", f"Batch {number} is {batch.state}: nothing was printed yet.")
    return batch


def destroy_codes(config: Settings, batch: Batch) -> None:
    """Delete the wrapped key, then the codes it opened; once the confirmation is committed."""
    codes, wrapped, _ = batch_files.paths(config, batch.number, batch.attempt)
    for path in (wrapped, codes):
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)


def finish_destroying(engine: Engine, config: Settings) -> None:
    """After a crash between confirmation, or giving up, and deletion: delete what is left."""
    files = [*config.codes.glob("*-*.*"), *config.hashes.glob("*-*.*")]
    leftover = {path.name.partition("-")[0] for path in files}
    for number in sorted(int(name) for name in leftover if name.isdigit()):
        with reading(engine) as connection:
            batch = storage.find_batch(connection, number)
        if batch is not None and batch.printed_at is not None:
            destroy_codes(config, batch)
        if batch is not None and batch.state == BatchState.FAILED:
            batch_files.discard(config, number, keep_attempt=None)
