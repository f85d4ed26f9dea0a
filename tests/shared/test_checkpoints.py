"""Checkpoints: what the chain alone cannot see is seen from a copy kept elsewhere."""

import base64
import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, update
from tests.conftest import SetClock

from tem.databases.database import open_engine, plumbing, reading, sqlite_url, writing
from tem.errors import Conflict, Invalid, NotFound
from tem.trail import audit, checkpoints, kept_checkpoints
from tem.trail.checkpoints import Checkpoint, load_key, make_key
from tem.trail.signed_note import NoteRefused, NoteSigner, open_note

SIGNER = NoteSigner.make(checkpoints.origin("registry"))
# Above a test of the file alone: what the database is makes no difference to it.
OF_THE_FILE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def store(engine: Engine) -> Iterator[Engine]:
    """A database with the plumbing tables."""
    plumbing.create_all(engine)
    return engine


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where checkpoints are kept; nothing is there yet."""
    return tmp_path / "elsewhere" / "registry.txt"


def record(store: Engine, clock: SetClock, count: int = 1, actor: str = "office:Lan") -> None:
    for _ in range(count):
        with writing(store) as connection:
            audit.record(connection, clock(), actor, "batch.issued", "batch:7", {"quantity": 5})
        clock.advance(seconds=1)


def keep(store: Engine, clock: SetClock, kept: Path, signer: NoteSigner = SIGNER) -> bool:
    return kept_checkpoints.keep(store, clock, signer, kept)


def chain_faults(store: Engine) -> list[str]:
    with reading(store) as connection:
        return list(audit.faults(connection))


def faults(store: Engine, kept: Path) -> list[str]:
    with reading(store) as connection:
        return list(kept_checkpoints.faults(connection, kept.read_bytes(), SIGNER.key))


def sizes(kept: Path) -> list[int]:
    notes = kept_checkpoints.read(kept.read_bytes()).notes
    return [Checkpoint.parse(open_note(note, SIGNER.key)).size for _, note in notes]


def worked(store: Engine, clock: SetClock, kept: Path) -> None:
    """Nine entries, with checkpoints after 3, 6 and 9."""
    for _ in range(3):
        record(store, clock, 3)
        assert keep(store, clock, kept)


def test_a_checkpoint_tells_how_the_trail_stands(
    store: Engine, clock: SetClock, kept: Path
) -> None:
    """Origin, number of entries, last hash and instant, signed, in a file of its owner's."""
    record(store, clock, 2)
    keep(store, clock, kept)
    ((line, note),) = kept_checkpoints.read(kept.read_bytes()).notes
    with reading(store) as connection:
        last = audit.entries(connection)[-1]
    root = base64.b64encode(bytes.fromhex(last.hash)).decode()
    assert line == 1
    assert open_note(note, SIGNER.key) == f"tem/registry/audit\n2\n{root}\n2026-11-20T02:00:02Z\n"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_one_is_kept_only_when_the_trail_has_grown(
    store: Engine, clock: SetClock, kept: Path
) -> None:
    """Nothing recorded, nothing new: nothing is written."""
    assert not keep(store, clock, kept)
    worked(store, clock, kept)
    assert not keep(store, clock, kept)
    assert sizes(kept) == [3, 6, 9]
    assert faults(store, kept) == []


def test_only_committed_entries_are_vouched_for(store: Engine, clock: SetClock, kept: Path) -> None:
    """An entry whose transaction is undone is in no checkpoint."""
    record(store, clock, 2)
    with pytest.raises(RuntimeError, match="undone"), writing(store) as connection:
        audit.record(connection, clock(), "a", "b", "c:1")
        keep(store, clock, kept)
        raise RuntimeError("undone")
    assert sizes(kept) == [2]


def rewrite(store: Engine, clock: SetClock, *, keep_first: int, length: int) -> None:
    """Replace what follows some entries by other entries, chain and head made consistent."""
    table, head = audit.entry_table, audit.head_table
    with writing(store) as connection:
        rest = connection.execute(select(table.c.hash).where(table.c.seq == keep_first)).scalar()
        connection.execute(delete(table).where(table.c.seq > keep_first))
        connection.execute(update(head).values(seq=keep_first, hash=rest or audit.GENESIS))
    if length > keep_first:
        record(store, clock, length - keep_first, actor="nobody")
    assert chain_faults(store) == [], "the chain by itself sees nothing"


# What is left of nine entries, how long the forged trail is, and what is said of it.
FORGERIES = [
    (8, 8, "had 9 entries, now it has 8"),
    (6, 6, "had 9 entries, now it has 6"),
    (4, 4, "had 6 entries, now it has 4"),
    (0, 0, "had 3 entries, now it has 0"),
    (8, 9, "what follows entry 6 was written anew"),
    (5, 9, "what follows entry 3 was written anew"),
    (5, 20, "what follows entry 3 was written anew"),
    (0, 9, "what follows entry 0 was written anew"),
    (0, 40, "what follows entry 0 was written anew"),
]


@pytest.mark.parametrize(("left", "length", "told"), FORGERIES)
def test_what_the_chain_cannot_see(
    store: Engine, clock: SetClock, kept: Path, left: int, length: int, told: str
) -> None:
    """A tail cut off with its head mended and a history written anew are found, and where."""
    worked(store, clock, kept)
    rewrite(store, clock, keep_first=left, length=length)
    (fault,) = faults(store, kept)
    assert told in fault


def test_a_cut_tail_is_told_by_the_entries_that_are_left(
    store: Engine, clock: SetClock, kept: Path
) -> None:
    """Entries are counted: a head that was left as it was does not hide how many are gone."""
    worked(store, clock, kept)
    with writing(store) as connection:
        connection.execute(delete(audit.entry_table).where(audit.entry_table.c.seq > 7))
    (fault,) = faults(store, kept)
    assert "had 9 entries, now it has 7" in fault


@pytest.mark.parametrize("left", [0, 3, 5, 8])
def test_nothing_is_vouched_for_after_a_forgery(
    store: Engine, clock: SetClock, kept: Path, left: int
) -> None:
    """A trail that does not continue what was vouched for gets no further checkpoint."""
    worked(store, clock, kept)
    before = kept.read_bytes()
    for length in (left, 30):
        rewrite(store, clock, keep_first=left, length=length)
        with pytest.raises(Conflict) as error:
            keep(store, clock, kept)
        assert error.value.code == "checkpoints_contradict"
    assert kept.read_bytes() == before


def test_a_broken_chain_is_not_vouched_for(store: Engine, clock: SetClock, kept: Path) -> None:
    """An entry changed since the last checkpoint is not covered up by the next one."""
    worked(store, clock, kept)
    record(store, clock, 3)
    table = audit.entry_table
    with writing(store) as connection:
        connection.execute(update(table).where(table.c.seq == 11).values(actor="nobody"))
    with pytest.raises(Conflict) as error:
        keep(store, clock, kept)
    assert error.value.code == "trail_broken"
    with writing(store) as connection:
        connection.execute(update(audit.head_table).values(seq=10))
    with reading(store) as connection, pytest.raises(Conflict) as error:
        checkpoints.take(connection, clock(), "registry")
    assert error.value.code == "trail_broken"


def test_an_older_copy_of_a_database_is_found(tmp_path: Path, clock: SetClock, kept: Path) -> None:
    """A file put back from a backup is missed by its own checkpoints, now and when it goes on."""
    path = tmp_path / "registry.db"
    engine = open_engine(sqlite_url(path))
    plumbing.create_all(engine)
    record(engine, clock, 4)
    engine.dispose()
    shutil.copy(path, tmp_path / "backup.db")
    engine = open_engine(sqlite_url(path))
    record(engine, clock, 4)
    keep(engine, clock, kept)
    engine.dispose()
    for leftover in tmp_path.glob("registry.db*"):
        leftover.unlink()
    shutil.copy(tmp_path / "backup.db", path)
    engine = open_engine(sqlite_url(path))
    assert "had 8 entries, now it has 4" in faults(engine, kept)[0]
    record(engine, clock, 10)
    assert chain_faults(engine) == []
    assert "went on" in faults(engine, kept)[0]
    engine.dispose()


@OF_THE_FILE
def test_files_that_are_not_in_order(store: Engine, clock: SetClock, kept: Path) -> None:
    """Another key's note, a changed one, foreign lines and a falling size are told apart."""
    worked(store, clock, kept)
    whole = kept.read_text("utf-8")
    first, _, third = (note for _, note in kept_checkpoints.read(whole.encode()).notes)
    stranger = NoteSigner.make("tem/registry/audit").sign(open_note(first, SIGNER.key))
    other_trail = NoteSigner.make("tem/issuer/audit")
    for content, told in (
        (stranger + whole, "line 1 is refused: it is signed by another key"),
        (other_trail.sign(open_note(first, SIGNER.key)), "signed by another key"),
        (whole.replace("\n6\n", "\n5\n"), "line 7 is refused: its signature is not good"),
        (first + "a line of somebody's\n\n" + third, "line 7 of the checkpoints is no checkpoint"),
        (first + "x" * 1000, "line 7 of the checkpoints is no checkpoint"),
        (third + first, "line 7 has 3 entries, one before it 9"),
        (SIGNER.sign("tem/issuer/audit\n3\nAAAA\n2026-11-20T02:00:00Z\n"), "of another trail"),
        (SIGNER.sign("tem/registry/audit\n03\nAAAA\n2026-11-20T02:00:00Z\n"), "not the text"),
        (SIGNER.sign("tem/registry/audit\n3\nAAAA\n"), "not the text"),
        (SIGNER.sign("tem/registry/audit\n3\nAAAA\n20/11/2026\n"), "not the text"),
    ):
        kept.write_text(content, "utf-8")
        (fault,) = faults(store, kept)
        assert told in fault, (content, fault)
    kept.write_text(f"\n{first}\n\n{third}\n", "utf-8")
    assert faults(store, kept) == []


@OF_THE_FILE
def test_a_note_cut_short_is_no_fault_and_is_cut_away(
    store: Engine, clock: SetClock, kept: Path
) -> None:
    """Whatever a power cut leaves of the last note: the others count, and the next one follows."""
    worked(store, clock, kept)
    whole = kept.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(ends[11] + 1, len(whole)):
        kept.write_bytes(whole[:length])
        assert sizes(kept) == [3, 6]
        assert faults(store, kept) == []
    for length in (ends[11] + 1, ends[14], ends[15], len(whole) - 1):
        kept.write_bytes(whole[:length])
        assert keep(store, clock, kept)
        assert sizes(kept) == [3, 6, 9]
        assert faults(store, kept) == []


def test_a_newest_checkpoint_of_another_key_stops_the_file(
    store: Engine, clock: SetClock, kept: Path
) -> None:
    """A file begun under another key is not mixed with ours."""
    record(store, clock, 2)
    keep(store, clock, kept, NoteSigner.make(checkpoints.origin("registry")))
    record(store, clock, 2)
    with pytest.raises(Conflict) as error:
        keep(store, clock, kept)
    assert error.value.code == "checkpoints_contradict"


def test_the_key_is_made_once_and_the_trail_tells_it(
    store: Engine, clock: SetClock, tmp_path: Path
) -> None:
    """Its file is its owner's, its public half is an entry, and a second start keeps it."""
    path = tmp_path / "registry" / "audit-key"
    with pytest.raises(NotFound) as missing:
        load_key("registry", path)
    assert missing.value.code == "audit_key_missing"
    assert make_key(store, clock(), "first-start", "registry", path)
    content = path.read_bytes()
    assert not make_key(store, clock(), "first-start", "registry", path)
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600
    with reading(store) as connection:
        (entry,) = audit.entries(connection)
    public = str(load_key("registry", path).key)
    assert (entry.action, entry.details) == ("audit.key_made", {"public_key": public})


def test_a_key_serves_one_service(tmp_path: Path) -> None:
    """Another service's key, or a file with something else in it, is refused."""
    path = tmp_path / "audit-key"
    for content in (NoteSigner.make("tem/issuer/audit").written, "", str(SIGNER.key), "\u0111"):
        path.write_text(content, "utf-8")
        with pytest.raises(Invalid):
            load_key("registry", path)


def test_an_installation_s_own_file(store: Engine, clock: SetClock, kept: Path) -> None:
    """Without one nothing is said; with one its faults name it, and a lost key is a fault."""
    path = kept.with_name("audit-key")

    def found() -> list[str]:
        with reading(store) as connection:
            return list(kept_checkpoints.kept_faults(connection, path, kept, "registry"))

    assert found() == []
    make_key(store, clock(), "first-start", "registry", path)
    keep(store, clock, kept, load_key("registry", path))
    assert found() == []
    kept.write_bytes(kept.read_bytes().replace(b"\n1\n", b"\n2\n"))
    assert found() == [f"the checkpoint on line 1 is refused: its signature is not good ({kept})"]
    path.unlink()
    assert "cannot be checked" in found()[0]


def test_a_running_process_keeps_one_now_and_then(
    store: Engine, clock: SetClock, kept: Path
) -> None:
    """Called as often as you like it keeps one a minute; what prevents it does not end it."""
    path = kept.with_name("audit-key")
    make_key(store, clock(), "first-start", "registry", path)
    now_and_then = kept_checkpoints.keeping(store, clock, "registry", path, kept)
    for _ in range(5):
        now_and_then()
        record(store, clock)
    assert len(kept_checkpoints.read(kept.read_bytes()).notes) == 1
    for lost in (kept.parent / "no-key", path):
        kept_checkpoints.keeping(store, clock, "registry", lost, Path("/dev/null/x"))()


def test_text_of_a_checkpoint_is_exact() -> None:
    """Only what would be written so is read as one."""
    text = "tem/registry/audit\n3\n" + "A" * 43 + "=\n2026-11-20T02:00:00Z\n"
    assert Checkpoint.parse(text).text == text
    for other in (text.replace("Z", "+00:00"), text + "x\n", text.replace("A=", "B="), text[:-1]):
        with pytest.raises(NoteRefused):
            Checkpoint.parse(other)


@OF_THE_FILE
def test_a_write_that_does_not_fit_is_told(store: Engine, clock: SetClock, kept: Path) -> None:
    """Where the disk takes only a part an error says so, and the next one mends the file."""
    worked(store, clock, kept)
    record(store, clock)
    size = kept.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, before[1]))
    try:
        with pytest.raises(OSError):
            keep(store, clock, kept)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert kept.stat().st_size > size
    assert faults(store, kept) == []
    assert keep(store, clock, kept)
    assert sizes(kept) == [3, 6, 9, 10]


class Counted(bytes):
    """Bytes that remember how many of them were counted through."""

    through = 0

    def count(self, sub: Any, start: Any = 0, end: Any = None) -> int:
        """As bytes do."""
        stop = len(self) if end is None else end
        self.through += stop - start
        return super().count(sub, start, stop)


@OF_THE_FILE
def test_fifty_thousand_notes_are_gone_through_once(
    store: Engine, clock: SetClock, kept: Path
) -> None:
    """The lines of a file are counted once altogether, not from its beginning for each note."""
    worked(store, clock, kept)
    note = kept_checkpoints.read(kept.read_bytes()).notes[-1][1]
    content = Counted((note * 50_000).encode())
    found = kept_checkpoints.read(content)
    assert len(found.notes) == 50_000
    assert found.notes[-1][0] == 49_999 * note.count("\n") + 1
    assert content.through <= len(content)


def bytes_read() -> int:
    """What this process has read so far, from files and sockets."""
    return int(Path("/proc/self/io").read_text().split()[1])


@OF_THE_FILE
def test_of_a_long_file_only_the_end_is_read(store: Engine, clock: SetClock, kept: Path) -> None:
    """A further checkpoint reads the newest one before it, and cuts away what was cut short."""
    worked(store, clock, kept)
    note = kept_checkpoints.read(kept.read_bytes()).notes[-1][1].encode()
    whole = note * 50_000
    for torn in (b"", note[:90], note[:-1]):
        kept.write_bytes(whole + torn)
        record(store, clock)
        before = bytes_read()
        assert keep(store, clock, kept)
        assert bytes_read() - before < len(whole) / 10
        after = kept.read_bytes()
        assert after.startswith(whole) and after[len(whole) :].count(b"\n") == note.count(b"\n")


@OF_THE_FILE
def test_the_newest_note_is_found_before_any_damage(
    store: Engine, clock: SetClock, kept: Path
) -> None:
    """Whatever follows it, and wherever its end is begun to be read, the file tells the same."""
    worked(store, clock, kept)
    record(store, clock)
    whole = kept.read_bytes()
    for more in range(kept_checkpoints.TAIL_BYTES - 700, kept_checkpoints.TAIL_BYTES + 100, 37):
        kept.write_bytes(whole + b"x" * more)
        with kept.open("rb", buffering=0) as file:
            end = kept_checkpoints._end(file)
        read = kept_checkpoints.read(kept.read_bytes())
        assert end == (read.notes[-1][1], read.whole)
    kept.write_bytes(whole)
    assert keep(store, clock, kept) and sizes(kept) == [3, 6, 9, 10]


@OF_THE_FILE
def test_a_database_that_does_not_answer_ends_no_process(
    store: Engine, clock: SetClock, tmp_path: Path, kept: Path
) -> None:
    """Keeping goes on in a minute: a broken file, or none with such tables, is an alarm."""
    path = tmp_path / "audit-key"
    make_key(store, clock(), "first-start", "registry", path)
    (tmp_path / "broken.db").write_bytes(b"no database" * 1000)
    for name in ("broken.db", "empty.db"):
        engine = open_engine(sqlite_url(tmp_path / name))
        kept_checkpoints.keeping(engine, clock, "registry", path, kept)()
        engine.dispose()
    assert kept.read_bytes() == b""
