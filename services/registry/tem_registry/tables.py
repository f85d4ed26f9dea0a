"""The registry's own tables. What the public may see is elsewhere: :mod:`tem.databases.published`.

Rows of the catalogue keep the fields of ``shared/sample`` as a JSON record, beside the columns
that rules and queries need.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)
from sqlalchemy.schema import DDL

from tem.databases.database import UtcDateTime

metadata = MetaData()
ID = String(64)

producer = Table(
    "producer",
    metadata,
    Column("id", ID, primary_key=True),
    Column("commune_code", String(10), index=True),
    Column("record", Text, nullable=False),
)
# A producer is active before its first row; the newest row of a day or before it counts.
producer_status = Table(
    "producer_status",
    metadata,
    Column("producer_id", ID, ForeignKey("producer.id"), primary_key=True),
    Column("since", Date, primary_key=True),
    Column("status", String(12), nullable=False),
)
product = Table(
    "product",
    metadata,
    Column("id", ID, primary_key=True),
    Column("producer_id", ID, ForeignKey("producer.id"), nullable=False, index=True),
    Column("record", Text, nullable=False),
)
certificate = Table(
    "certificate",
    metadata,
    Column("id", ID, primary_key=True),
    Column("product_id", ID, ForeignKey("product.id"), nullable=False, index=True),
    Column("record", Text, nullable=False),
)
# What an evaluation council found about a product; ``certificate_id`` is absent below 3 stars.
council_result = Table(
    "council_result",
    metadata,
    Column("id", ID, primary_key=True),
    Column("product_id", ID, ForeignKey("product.id"), nullable=False, index=True),
    Column("certificate_id", ID, ForeignKey("certificate.id")),
    Column("record", Text, nullable=False),
)
# Pictures and documents, named by their content: the same bytes are kept once.
stored_file = Table(
    "stored_file",
    metadata,
    Column("id", ID, primary_key=True),
    Column("content_type", String(40), nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("picture", LargeBinary),  # drawn anew from an image, to be published; else absent
    Column("stored_at", UtcDateTime, nullable=False),
)
# The producers that sent a file, each of which may see it; the office sees all.
file_sender = Table(
    "file_sender",
    metadata,
    Column("file_id", ID, ForeignKey("stored_file.id"), primary_key=True),
    Column("producer_id", ID, ForeignKey("producer.id"), primary_key=True),
)
point_of_sale = Table(
    "point_of_sale",
    metadata,
    Column("id", ID, primary_key=True),
    Column("record", Text, nullable=False),
)
contract = Table(
    "contract",
    metadata,
    Column("id", ID, primary_key=True),
    Column("producer_id", ID, ForeignKey("producer.id"), nullable=False, index=True),
    Column("pos_id", ID, ForeignKey("point_of_sale.id"), nullable=False, index=True),
    Column("record", Text, nullable=False),
)
stamp_order = Table(
    "stamp_order",
    metadata,
    Column("id", ID, primary_key=True),
    Column("product_id", ID, ForeignKey("product.id"), nullable=False),
    Column("producer_id", ID, ForeignKey("producer.id"), nullable=False, index=True),
    Column("quantity", Integer, nullable=False),
    Column("unit_fee_vnd", Integer, nullable=False),  # as it was on the day of the order
    Column("unit_subsidy_vnd", Integer, nullable=False),  # what the programme adds for a stamp
    Column("override_reason", Text),  # why the office accepts more than the declared output
    Column("state", String(12), nullable=False, index=True),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("requested_by", String(100), nullable=False),
    Column("sent", Boolean, nullable=False, default=False),  # the issuer may know of it
    Column("batch", BigInteger, unique=True),  # absent until the issuer reserved a number
    Column("failure", Text),  # why it failed, was rejected or cancelled
)
approval = Table(
    "approval",
    metadata,
    Column("order_id", ID, ForeignKey("stamp_order.id"), primary_key=True),
    Column("approver", String(100), primary_key=True),  # two different people, two rows
    Column("at", UtcDateTime, nullable=False),
)
stamp_batch = Table(
    "stamp_batch",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", ID, ForeignKey("stamp_order.id"), nullable=False, unique=True),
    Column("product_id", ID, ForeignKey("product.id"), nullable=False, index=True),
    Column("producer_id", ID, ForeignKey("producer.id"), nullable=False, index=True),
    Column("quantity", Integer, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False, unique=True),
    Column("manifest", Text, nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Column("issued_on", Date, nullable=False, index=True),
    Column("printed_on", Date),  # absent: no print run was reported
    Column("printed_quantity", Integer),
    Column("printer", Text),
    Column("misprinted", Integer, nullable=False, default=0),  # voided as such, so far
    Column("delivered_on", Date),  # the latest hand-over
    Column("receipt", Text),
    Column("delivered_quantity", Integer),  # how many changed hands at that hand-over
    Column("received_on", Date),  # absent: the producer has not confirmed it
    Column("received_quantity", Integer),
    Column("receipt_note", Text),
    # Counted short at earlier hand-overs and not named since; and delivered stamps voided as lost
    # or stolen since the latest one, which explain what it comes short.
    Column("short_before", Integer, nullable=False, default=0),
    Column("lost_since", Integer, nullable=False, default=0),
    Column("revision", Integer, nullable=False),  # raised by each act: locks and orders them
)
# Never overlapping, always covering 1..quantity of their batch; canaries lie beyond.
stamp_interval = Table(
    "stamp_interval",
    metadata,
    Column("batch", BigInteger, ForeignKey("stamp_batch.number"), primary_key=True),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("lot_id", ID, ForeignKey("lot.id"), index=True),  # kept when voided or revoked
    Column("reason", Text),
    Column("revoked_on", Date),
)
lot = Table(
    "lot",
    metadata,
    Column("id", ID, primary_key=True),
    Column("product_id", ID, ForeignKey("product.id"), nullable=False, index=True),
    Column("producer_id", ID, ForeignKey("producer.id"), nullable=False, index=True),
    Column("lot_code", String(60)),
    Column("production_date", Date),
    Column("production_date_kind", String(20)),
    Column("best_before", Date),  # absent: the label declares none
    Column("info_expires_on", Date),  # best_before + 1 month; absent with it
    Column("window_ends_on", Date, nullable=False),  # last public day, also of undated goods
    Column("undated", Boolean, nullable=False),  # the product declares no best-before
    Column("best_before_basis", String(40)),
    Column("precision", String(5)),  # day, or month where the label says 12/2026
    Column("quantity", Integer),
    Column("unit", String(40)),
    Column("beyond_shelf_life", Boolean, nullable=False),
    Column("beyond_approved_by", String(100)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("purged_at", UtcDateTime),  # from then on only what INFO_EXPIRED needs is kept
    # A purged lot has no code. A partial index, so that taking the code away locks the row no
    # more than any other change does: acts go on naming the lot meanwhile.
    Index(
        "lot_code_of_product",
        "product_id",
        "lot_code",
        unique=True,
        postgresql_where=text("lot_code IS NOT NULL"),
        sqlite_where=text("lot_code IS NOT NULL"),
    ),
)
recall = Table(
    "recall",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lot_id", ID, ForeignKey("lot.id"), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("ordered_on", Date, nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("decision_no", Text),
    Column("reason_public", Text, nullable=False),
    Column("lifted_at", UtcDateTime),  # absent: in force until somebody lifts it
)
# The log of bindings: played in order of ``id`` it gives each stamp's lot. A correction is a
# row with a reason; its ``lot_id`` is absent where the stamps went back to delivered.
activation = Table(
    "activation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lot_id", ID, ForeignKey("lot.id")),
    Column("batch", BigInteger, ForeignKey("stamp_batch.number"), nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("activated_at", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("reason", Text),
    Index("activation_range", "batch", "first"),
)
# What a producer says of its stamps; the office confirms (which voids them) or dismisses it.
void_report = Table(
    "void_report",
    metadata,
    Column("id", ID, primary_key=True),
    Column("batch", BigInteger, ForeignKey("stamp_batch.number"), nullable=False),
    Column("producer_id", ID, ForeignKey("producer.id"), nullable=False, index=True),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("photo", ID, ForeignKey("stored_file.id")),
    Column("state", String(12), nullable=False, index=True),
    Column("reported_at", UtcDateTime, nullable=False),
    Column("reported_by", String(100), nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", String(100)),
    Column("decision_note", Text),
)
# A producer that tied stamps to the wrong lot asks the office to correct it; ``lot_id`` is absent
# where the stamps are to be delivered again, tied to none.
correction_request = Table(
    "correction_request",
    metadata,
    Column("id", ID, primary_key=True),
    Column("batch", BigInteger, ForeignKey("stamp_batch.number"), nullable=False),
    Column("producer_id", ID, ForeignKey("producer.id"), nullable=False, index=True),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("lot_id", ID, ForeignKey("lot.id")),
    Column("reason", Text, nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("requested_by", String(100), nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", String(100)),
    Column("decision_note", Text),
)
# What an import has taken over: a row seen again is left alone, a changed one is reported.
import_ledger = Table(
    "import_ledger",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# A spreadsheet that was read and shown with its faults, until somebody takes it over or drops it.
import_draft = Table(
    "import_draft",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("title", String(120), nullable=False),  # the name of the file, to know it by
    Column("content", Text, nullable=False),  # JSON: the cells as read
    Column("state", String(12), nullable=False, index=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", Text),  # JSON: what was taken over
)

# PostgreSQL's own wall against overlap; SQLite has the same check in code, under its one lock.
event.listen(
    stamp_interval,
    "after_create",
    DDL(
        "ALTER TABLE stamp_interval ADD CONSTRAINT stamp_interval_no_overlap EXCLUDE USING gist "
        "(int8range(batch * 16777216 + first, batch * 16777216 + last, '[]') WITH &&) "
        "DEFERRABLE INITIALLY DEFERRED"
    ).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
)
