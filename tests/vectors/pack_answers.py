"""What tills have to say with the frozen packs, written out by hand."""

from collections.abc import Iterator
from typing import Any

from tests.vectors.make_stamps import BATCHES, TEST_BATCH, Record
from tests.vectors.pack_doubts import LISTED, doubts
from tests.vectors.pack_frames import AS_OF, DELTA_AS_OF, NOW, PREFIX
from tests.vectors.pack_record import (
    BEYOND,
    FIRST,
    KEYS,
    LAPSED,
    LONGER,
    LOTS,
    PRODUCERS,
    PRODUCTS,
    RENEWED,
    SANDBOX,
    SHORTER,
    STAMPS,
    TWINS,
    WITHDRAWN,
    code,
    lot,
    recall,
)


def shown(card: Record, *hidden: str) -> Record:
    return {name: value for name, value in card.items() if name not in hidden}


def term(card: Record, *more: str, stars: bool) -> Record:
    names = ["decision_no", "decision_date", "issuing_authority", "valid_from", "valid_until"]
    return {name: card[name] for name in [*names, *more, *(["stars"] if stars else [])]}


OF_CODE = ["signature", "issued"]
OF_STAMP = [*OF_CODE, "activated"]
OF_LOT = [*OF_STAMP, "lot", "expiry", "recall"]


def said(verdict: str, reason: str, advice: str, checked: list[str], *notes: str) -> Record:
    words = {"verdict": verdict, "reason": reason, "reasons": [reason], "advice": advice}
    return {**words, "notes": list(notes), "checked": checked, "as_of": AS_OF}


MALFORMED = said("MALFORMED", "not_a_stamp_code", "ask", [])
UNKNOWN = said("UNKNOWN", "not_on_record", "stop", OF_CODE)
NEWER = UNKNOWN | {"reasons": ["not_on_record", "newer_than_pack"], "advice": "ask"}
UNAVAILABLE = said("UNAVAILABLE", "temporarily_unavailable", "ask", [])


def goods(product: int, producer: int, place: int, **more: Any) -> Record:
    return {
        "product": shown(PRODUCTS[product], "certificates"),
        "producer": shown(PRODUCERS[producer], "statuses"),
        "lot": {"precision": "day"} | shown(LOTS[place], "window_ends_on", "recalls"),
        **more,
    }


def allowed(product: int, producer: int, place: int, cert: Record, *notes: str) -> Record:
    ok = said("OK", "activated", "allow", OF_LOT, *notes)
    return ok | goods(product, producer, place, certificate=cert)


def told_of_batch_7() -> Iterator[tuple[int, Record]]:
    """What each stamp of batch 7 is told at NOW."""
    fine = term(FIRST, stars=True)
    past = said("PAST_DATE", "past_best_before", "ask", OF_LOT)
    closed = said("INFO_EXPIRED", "info_window_closed", "stop", OF_LOT)
    undated = said("INFO_EXPIRED", "info_window_closed_no_expiry", "ask", OF_LOT)
    recalled = said("RECALLED", "lot_recalled", "stop", OF_LOT)
    recalled |= goods(0, 0, 4, recall=shown(recall("2026-11-10"), "lifted_at"))
    waits = said("NOT_ACTIVATED", "not_activated", "ask", OF_STAMP)
    waits |= {"product": shown(PRODUCTS[0], "certificates")}
    yield 1, allowed(0, 0, 0, fine)
    yield 2, allowed(0, 0, 1, fine, "EXPIRES_TODAY")
    yield 3, past | goods(0, 0, 2)
    yield 4, closed
    yield 5, recalled
    yield 6, allowed(0, 0, 5, fine)
    yield 7, allowed(0, 0, 6, fine)
    yield 8, closed
    yield 9, undated | {"info_expires_on": "2026-11-01"}
    yield 10, allowed(0, 0, 9, fine, "NO_EXPIRY_DECLARED")
    yield 11, undated | {"info_expires_on": "2026-11-19"}
    yield 12, waits
    yield 13, waits
    yield 14, said("VOID", "stamp_void", "stop", OF_STAMP)
    yield 15, recalled
    gone = said("STAMP_REVOKED", "stamp_revoked", "stop", OF_STAMP)
    yield 16, gone | {"revoked_on": "2026-11-02"}
    yield 17, said("STAMP_REVOKED", "stamp_revoked", "stop", OF_LOT)


def case(name: str, scanned: str, told: Record, at: str = NOW, pack: str = "full") -> Record:
    """What a till with a pack answers; the stamp's numbers are added where it tells of one."""
    answer = told | {"as_of": DELTA_AS_OF if pack == "full and delta" else AS_OF}
    if told["verdict"] not in ("MALFORMED", "UNKNOWN", "UNAVAILABLE"):
        raw = int(scanned.removeprefix(PREFIX)).to_bytes(72, "big")
        number, index = int.from_bytes(raw[1:5], "big"), int.from_bytes(raw[5:8], "big")
        answer["stamp"] = {"batch": number, "index": index}
    return {"name": name, "pack": pack, "code": scanned, "at": at, "answer": answer}


def answers() -> Iterator[Record]:
    """Every case, one after the other."""
    for index, told in told_of_batch_7():
        yield case(f"batch 7, stamp {index}", code(7, index), told)
    fine, good = term(FIRST, stars=True), code(7, 1)
    yield case("nothing known of the stamp", code(7, STAMPS + 1), UNAVAILABLE)
    yield case("a canary", code(7, STAMPS + 2), UNKNOWN)
    yield case("signed by a stranger", code(7, 1, KEYS[8]), UNKNOWN)
    yield case("one digit differs", good[:-1] + str((int(good[-1]) + 1) % 10), UNKNOWN)
    yield case("the stamp's address", PREFIX + good, allowed(0, 0, 0, fine))
    for name, scanned in (
        ("another host's address", f"https://tem.example.vn.evil.example/s/{good}"),
        ("a blank behind", f"{good} "),
        ("nothing", ""),
        ("digits of another script", "٣" * 174),
        ("more than 72 bytes", "9" * 174),
    ):
        yield case(name, scanned, MALFORMED)
    yield case("a batch that cannot be vouched for", code(10, 1), UNAVAILABLE)
    yield case("a batch not in the pack", code(500, 1), NEWER)
    yield case("a test stamp", code(TEST_BATCH, 1), UNKNOWN)
    yield from answers_of_certificates()
    yield from answers_at_edges(fine)
    yield from answers_of_the_delta()
    yield from answers_of_doubts()
    ok = allowed_of_small()
    yield case("a test stamp in the sandbox", code(TEST_BATCH, 1), ok, pack="sandbox")
    yield case("one not in its pack", code(TEST_BATCH + 1, 1), NEWER, pack="sandbox")
    yield case("one of production", good, UNKNOWN, pack="sandbox")


def allowed_of_small() -> Record:
    """What a stamp of the small packs is told."""
    ok = said("OK", "activated", "allow", OF_LOT)
    parts = ("product", "certificates"), ("producer", "statuses")
    ok |= {part: shown(SANDBOX[f"{part}s"][0], hidden) for part, hidden in parts}
    return ok | {"lot": shown(SANDBOX["lots"][0], "window_ends_on", "recalls")}


def answers_of_doubts() -> Iterator[Record]:
    """What no office key vouches for is neither allowed nor slandered."""
    for name, (number, *_) in doubts():
        assert isinstance(number, int)
        key = BATCHES[number] if number == TEST_BATCH else KEYS[number]
        yield case(f"a batch {name}", code(number, 1, key), UNAVAILABLE, pack="doubted")
    yield case("of a frozen key, listed", code(LISTED, 1), allowed_of_small(), pack="doubted")


def answers_of_certificates() -> Iterator[Record]:
    """Renewed, withdrawn, and twins; and the edges of a run."""
    renewed = term(LAPSED, stars=False) | {"current": term(RENEWED, stars=True)}
    suspended = allowed(1, 1, 0, renewed, "PRODUCER_SUSPENDED")
    yield case("first of a run, renewed, suspended", code(8, 1), suspended)
    yield case("last of a run", code(8, 500_000), suspended)
    use_by = said("PAST_DATE", "past_best_before", "stop", OF_LOT) | goods(1, 1, 2)
    yield case("past its use-by", code(8, 500_001), use_by)
    yield case("the clock stands before as_of", code(8, 1), suspended, "2026-11-01T00:00:00Z")
    withdrawn = term(WITHDRAWN, "revoked_on", "revocation_decision_no", stars=False)
    undated = ("NO_EXPIRY_DECLARED", "CERT_REVOKED")
    yield case("recognition withdrawn", code(9, 2), allowed(2, 0, 9, withdrawn, *undated))
    ended = term(LONGER, "revoked_on", "revocation_decision_no", stars=False)
    ended |= {"current": term(SHORTER, stars=True)}
    yield case("no renewal", code(12, 1), allowed(3, 0, 0, ended, "CERT_REVOKED"))
    yield case("twins", code(13, 1), allowed(4, 0, 0, term(TWINS[-1], stars=True)))
    yield case("ids in order", code(14, 1), allowed(5, 0, 0, term(BEYOND[0], stars=True)))


def answers_at_edges(fine: Record) -> Iterator[Record]:
    """The last instant of something and the first of what follows."""
    lifted = recall("2026-11-01", "2026-11-20T02:59:59Z")
    still = said("RECALLED", "lot_recalled", "stop", OF_LOT)
    still |= goods(0, 0, 6, recall=shown(lifted, "lifted_at"))
    yield case("last second of a recall", code(7, 7), still, "2026-11-20T02:59:58Z")
    yield case("the instant it is lifted", code(7, 7), allowed(0, 0, 6, fine),
               "2026-11-20T02:59:59Z")  # fmt: skip
    yield case("last second of its day", code(7, 2), allowed(0, 0, 1, fine, "EXPIRES_TODAY"),
               "2026-11-20T23:59:59+07:00")  # fmt: skip
    past = said("PAST_DATE", "past_best_before", "ask", OF_LOT) | goods(0, 0, 1)
    yield case("first instant after its day", code(7, 2), past, "2026-11-20T17:00:00Z")
    begun = said("RECALLED", "lot_recalled", "stop", OF_LOT)
    begun |= goods(0, 0, 5, recall=shown(recall("2026-11-21"), "lifted_at"))
    yield case("first instant of a recall", code(7, 6), begun, "2026-11-20T17:00:00Z")


def answers_of_the_delta() -> Iterator[Record]:
    recalled = said("RECALLED", "lot_recalled", "stop", OF_LOT)
    recalled |= goods(0, 0, 0, recall=shown(recall("2026-11-20"), "lifted_at"))
    recalled["producer"] = recalled["producer"] | {"name": "Hợp tác xã Sóng Lam 2"}
    fresh = {
        **said("OK", "activated", "allow", OF_LOT),
        "product": shown(PRODUCTS[0], "certificates"),
        "producer": recalled["producer"],
        "lot": shown(lot("L11"), "window_ends_on", "recalls"),
        "certificate": term(FIRST, stars=True),
    }
    waits = said("NOT_ACTIVATED", "not_activated", "ask", OF_STAMP)
    waits |= {"product": shown(PRODUCTS[2], "certificates")}
    for name, scanned, told in (
        ("recalled meanwhile", code(7, 1), recalled),
        ("issued meanwhile", code(500, 2), fresh),
        ("taken back meanwhile", code(9, 2), waits),
        ("no longer there", code(11, 1), NEWER),
        ("no longer listed as unavailable", code(10, 1), NEWER),
    ):
        yield case(name, scanned, told, pack="full and delta")
