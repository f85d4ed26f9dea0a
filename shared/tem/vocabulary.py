"""The words every service uses, in the spelling that goes over the wire and into tables."""

from enum import StrEnum


class StampState(StrEnum):
    """Stored states of a range of stamps (``docs/life-of-a-stamp.md``).

    Expired, recalled and past date are absent on purpose: they are worked out when asked.
    """

    ISSUED = "issued"
    DELIVERED = "delivered"
    ACTIVATED = "activated"
    VOID = "void"
    REVOKED = "revoked"


class Verdict(StrEnum):
    """The public answers, in the order in which the first match wins."""

    MALFORMED = "MALFORMED"
    UNKNOWN = "UNKNOWN"
    RECALLED = "RECALLED"
    VOID = "VOID"
    STAMP_REVOKED = "STAMP_REVOKED"
    NOT_ACTIVATED = "NOT_ACTIVATED"
    INFO_EXPIRED = "INFO_EXPIRED"
    PAST_DATE = "PAST_DATE"
    OK = "OK"
    UNAVAILABLE = "UNAVAILABLE"


class Note(StrEnum):
    """Remarks beside an OK, in the order in which they are listed."""

    EXPIRES_TODAY = "EXPIRES_TODAY"
    NO_EXPIRY_DECLARED = "NO_EXPIRY_DECLARED"
    CERT_EXPIRED_AFTER_PRODUCTION = "CERT_EXPIRED_AFTER_PRODUCTION"
    CERT_REVOKED = "CERT_REVOKED"
    PRODUCER_SUSPENDED = "PRODUCER_SUSPENDED"
    MANY_SCANS = "MANY_SCANS"


class Noticed(StrEnum):
    """Why a stamp's scans are worth the office's look; the stamp is judged, never the goods."""

    SCANNED_NOT_ACTIVATED = "scanned_not_activated"
    SCANNED_VOID = "scanned_void"
    SCANNED_REVOKED = "scanned_revoked"
    MANY_SCANS = "many_scans"


class EventType(StrEnum):
    """What tills are told at once: entries of the log that the registry publishes."""

    LOT_RECALLED = "lot.recalled"
    LOT_RECALL_LIFTED = "lot.recall_lifted"
    LOT_CORRECTED = "lot.corrected"
    STAMPS_VOIDED = "stamps.voided"
    STAMPS_REVOKED = "stamps.revoked"


class Role(StrEnum):
    """What an API key may be used for; each service knows only its own."""

    OFFICE = "office"
    PRODUCER = "producer"
    AUDITOR = "auditor"
    SERVICE = "service"
    RETAILER = "retailer"


class ProducerStatus(StrEnum):
    """Whether a producer takes part in the stamp system."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CEASED = "ceased"


class DateKind(StrEnum):
    """What a lot's ``best_before`` means: quality, safety, or that no date is declared."""

    BEST_BEFORE = "best_before"
    USE_BY = "use_by"
    NONE = "none"
