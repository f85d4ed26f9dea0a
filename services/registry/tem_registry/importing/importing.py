"""Taking over a folder laid out like ``shared/sample``: catalogue, batches really issued, lots.

Ordinary rules apply with *now* set to each row's own date; states are taken as given and no
automatic effect is triggered. Each row is its own transaction, remembered in a ledger by its
digest: a killed import goes on where it stopped, a second run changes nothing, and a row that
has changed since is reported and left alone.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

from sqlalchemy import Connection, select
from sqlalchemy.exc import DataError, IntegrityError

from tem.clock import Clock
from tem.databases.database import insert_or_ignore
from tem.dates import end_of_day, parse_instant, start_of_day, vietnam_day
from tem.errors import Invalid, NotFound, TemError
from tem.trail import audit
from tem.verdict import certificate_at
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.activation import activation
from tem_registry.batches import delivery
from tem_registry.catalogue import catalogue
from tem_registry.certificates import certificate_papers
from tem_registry.importing import import_folder
from tem_registry.importing.import_report import Progress, Refused, Report
from tem_registry.lots import lots, recall_acts
from tem_registry.orders import orders
from tem_registry.settings import Settings
from tem_registry.stamps import endings, stamps

ACTOR = "import"

Row = import_folder.Row
Begin = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Import:
    """One run of an import over the rows of a folder.

    ``begin`` opens the transaction of a row, ``issue`` gets the batches that wait onto the record;
    ``places`` tells where a row stands in its file.
    """

    begin: Begin
    config: Settings
    clock: Clock
    issue: Callable[[], None]
    report: Report
    progress: Progress
    places: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def run(self, files: Mapping[str, list[Row]]) -> None:
        """Take over all rows. Raises Unavailable if the batches cannot be signed."""
        for kind in catalogue.KINDS:
            self._each(kind, files[kind], partial(self._record, kind))
        batches = self._each("stamp_batch", files["stamp_batch"], self._order)
        self.issue()
        batches = self._each("stamp_batch", batches, self._deliver, step="delivery")
        rows = sorted(files["lot"], key=lambda row: str(row.get("activated_at") or "9"))
        self._each("lot", rows, self._lot)
        self._each("stamp_batch", batches, self._end, step="end")

    def _each(
        self, kind: str, rows: list[Row], act: Callable[[Row], None], step: str = ""
    ) -> list[Row]:
        """Run ``act`` on each row that is new; what it refuses is reported, the rest goes on.

        Gives the rows that are taken over as they stand, now or before.
        """
        taken = []
        for place, row in enumerate(rows, start=1):
            counts: dict[str, int] | None = self.report.added
            try:
                act(row)
                taken.append(row)
            except _Known:
                counts = self.report.unchanged
                taken.append(row)
            except TemError as error:
                counts = self.report.changed if error.code == "row_changed" else None
                self._refuse(kind, row, error)
            except (IntegrityError, DataError) as error:
                counts = None
                self._refuse(
                    kind, row, Invalid("unstorable_value", f"It cannot be kept: {error.orig}")
                )
            if not step and counts is not None:
                self.report.count(counts, kind)
            self.progress(f"{kind} {step}".strip(), place, len(rows))
        return taken

    def _refuse(self, kind: str, row: Row, error: TemError) -> None:
        id, file = row[import_folder.id_field(kind)], import_folder.FILES[kind][0]
        place = self.places.get((kind, id))
        told = Refused(kind, id, error.code, error.detail, file, place, more=dict(error.extra))
        self.report.refused.append(told)

    # --- the catalogue ---

    def _record(self, kind: str, row: Row) -> None:
        described = catalogue.KINDS[kind]
        id = row[described.id_field]
        with self.begin() as connection:
            self._remember(connection, kind, id, row)
            record = {k: v for k, v in row.items() if k not in import_folder.DERIVED}
            if kind == "certificate":  # what the file leaves out follows from the rules
                record = certificate_papers.complete(connection, record)
            catalogue.add(connection, self.clock(), ACTOR, described, record)

    def _remember(self, connection: Connection, kind: str, id: str, row: Row) -> None:
        """Enter a row in the ledger, in the transaction that takes it over.

        Raises _Known if it is there already, Changed if it was there with another content.
        """
        digest = import_folder.digest_of(row)
        entry = {"kind": kind, "id": id, "digest": digest, "at": self.clock()}
        if insert_or_ignore(connection, tables.import_ledger, entry):
            return
        c = tables.import_ledger.c
        known = connection.execute(select(c.digest).where(c.kind == kind, c.id == id)).scalar()
        if known != digest:
            raise Invalid("row_changed", "It has changed since it was imported; not applied.")
        raise _Known("known", "imported before")

    # --- batches: ordered, issued, delivered; at the end voided and revoked ---

    def _order(self, row: Row) -> None:
        now = _at(row["ordered_on"])
        with self.begin() as connection:
            self._remember(connection, "stamp_batch", row["batch_id"], row)
            order = orders.request(
                connection,
                now,
                ACTOR,
                id=row["batch_id"],
                product_id=row["product_id"],
                producer_id=row["producer_id"],
                quantity=row["quantity"],
                unit_fee_vnd=row["unit_fee_vnd"],
                override_reason="taken over: its stamps were issued",  # past, by today's output
            )
            orders.set_state(connection, order.id, "requested", "approved")
            audit.record(connection, now, ACTOR, "order.taken_over", f"order:{order.id}")

    def _number(self, connection: Connection, batch_id: str) -> int:
        """The number a batch of the file was issued under. Raises Invalid if it was not."""
        try:
            order = orders.find(connection, batch_id)
        except NotFound as error:
            raise Invalid("batch_not_taken_over", f"Batch {batch_id} is not on record.") from error
        if order.batch is None or order.state in ("failed", "approved", "issuing"):
            why = order.failure or f"the order is {order.state}"
            raise Invalid("batch_not_issued", f"Its batch was not issued: {why}")
        return order.batch

    def _deliver(self, row: Row) -> None:
        with self.begin() as connection:
            self._remember(connection, "batch_delivery", row["batch_id"], {})
            number = self._number(connection, row["batch_id"])
            stamps.set_issued_on(connection, number, date.fromisoformat(row["issued_on"]))
            if row["delivered_on"]:
                delivery.deliver(connection, _at(row["delivered_on"]), ACTOR, number, None)

    def _end(self, row: Row) -> None:
        """Voids and revocations as the file has them, after the lots, so that bindings stay."""
        with self.begin() as connection:
            self._remember(connection, "batch_end", row["batch_id"], {})
            number = self._number(connection, row["batch_id"])
            now = self.clock()
            with _about(row["batch_id"]):
                for part in row["void_ranges"]:
                    endings.void(connection, now, ACTOR, number, **part)
            if row["status"] == "revoked":
                self._revoke(connection, number, row)

    def _revoke(self, connection: Connection, number: int, row: Row) -> None:
        issued, today = date.fromisoformat(row["issued_on"]), vietnam_day(self.clock())
        day = row["revoked_on"] or _certificate_revoked_on(
            connection, row["product_id"], issued, today
        )
        for part in stamps.intervals(connection, number):
            if part.state is not StampState.VOID:
                endings.revoke(
                    connection,
                    self.clock(),
                    ACTOR,
                    number,
                    part.first,
                    part.last,
                    "taken over as revoked",
                    date.fromisoformat(day) if day else None,
                )

    # --- lots ---

    def _lot(self, row: Row) -> None:
        now = parse_instant(row["activated_at"]) if row["activated_at"] else self.clock()
        with self.begin() as connection:
            self._remember(connection, "lot", row["lot_id"], row)
            lots.add(connection, now, ACTOR, self.config, row, approve_beyond=True)
            for part in row["stamp_ranges"]:
                number = self._number(connection, part["batch_id"])
                with _about(part["batch_id"]):
                    activation.activate(
                        connection,
                        now,
                        ACTOR,
                        row["lot_id"],
                        batch=number,
                        first=part["first"],
                        last=part["last"],
                        taken_over=True,
                    )
            if row["recall"]:
                self._recall(connection, row)

    def _recall(self, connection: Connection, row: Row) -> None:
        notice = dict(row["recall"])
        lifted_on = notice.pop("lifted_on")
        lifted_at = end_of_day(date.fromisoformat(lifted_on)) if lifted_on else None
        past = lifted_at is not None and lifted_at <= self.clock()
        if lifted_at is not None and not past:  # ends are inclusive: it is still in force today
            notice["lifted_at"] = lifted_at
        recall_acts.recall(
            connection,
            _at(notice["ordered_on"]),
            ACTOR,
            row["lot_id"],
            notice,
            taken_over=True,
        )
        if lifted_at is not None and past:
            recall_acts.lift(connection, lifted_at, ACTOR, row["lot_id"], None)


@contextmanager
def _about(batch_id: str) -> Iterator[None]:
    """What is refused meanwhile says of which batch of the file its ranges are."""
    try:
        yield
    except TemError as error:
        error.extra = {"batch": batch_id, **error.extra}
        raise


class _Known(TemError):
    """The row was taken over before and has not changed."""


def _at(day: str) -> datetime:
    return start_of_day(date.fromisoformat(day))


def _certificate_revoked_on(
    connection: Connection, product_id: str, issued: date, today: date
) -> str | None:
    """The public date of the withdrawal that took a batch along, never one to come.

    That of the certificate under which it was issued, else the latest of its product's.
    """
    certificates = catalogue.certificates_of(connection, product_id)
    stood = certificate_at(certificates, issued)
    named = [stood] if stood is not None else []
    for chosen in (named, certificates):
        past = [one.revoked_on for one in chosen if one.revoked_on and one.revoked_on <= today]
        if past:
            return max(past).isoformat()
    return None
