"""The office key changed under traffic, and stolen: what the public is told meanwhile."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journey.acts import Maker, get
from tests.running import Running, running, until
from tests.verifier.mint import Mint, Minted

from tem import manifest, trust
from tem.clock import system_clock
from tem.databases.database import open_engine, sqlite_url, writing
from tem.vocabulary import StampState
from tem_issuer import keys
from tem_registry import publication
from tem_registry.intervals import Interval

FORGED = 900_000
LIMIT_SECONDS = 1.0
PAUSE_SECONDS = 0.05  # between look-ups: they are not to keep the machine busy
GENUINE = "NOT_ACTIVATED"
UNLIMITED = {"TEM_VERIFIER_RATE": "0"}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`tem up` on a new folder."""
    with running(tmp_path_factory.mktemp("office-keys") / "data", UNLIMITED) as started:
        yield started


class Traffic:
    """Orders issued one after the other, and every stamp so far looked up all the time."""

    def __init__(self, maker: Maker) -> None:
        self.maker, self.batches = maker, list[int]()
        self.codes, self.wrong, self.asked = list[str](), list[str](), 0
        self._stop = threading.Event()
        self._client = maker.installation.client("verifier")

    def order(self) -> None:
        while not self._stop.is_set():
            self.issue()

    def issue(self) -> None:
        """One more batch, from its order to its codes."""
        batch = self.maker.issued(self.maker.order(2))
        self.codes += self.maker.addresses(batch)
        self.batches.append(batch)

    def look_up(self) -> None:
        while not self._stop.is_set():
            # The newest may not have reached every worker yet: it has a second to.
            self.wrong += [one for one in self.verdicts(self.codes[:-4]) if one != GENUINE]
            self.asked += 1
            self._stop.wait(PAUSE_SECONDS)

    def verdicts(self, codes: list[str]) -> list[str]:
        """What a worker says of codes."""
        told = self._client.post("/v1/verifications", json={"codes": codes[-1000:]})
        return [one["verdict"] for one in told.json()["answers"]]

    @contextlib.contextmanager
    def flowing(self) -> Iterator[None]:
        """Orders and look-ups for as long as the block lasts."""
        threads = [threading.Thread(target=act) for act in (self.order, self.look_up)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def wait_for(self, more: int) -> None:
        """Until so many more batches are issued."""
        wanted = len(self.batches) + more
        until(lambda: len(self.batches) >= wanted)


@pytest.fixture(scope="module")
def traffic(installation: Running) -> Traffic:
    made = Traffic(Maker(installation, "Thạch Kim"))
    for _ in range(3):
        made.issue()
    return made


def trusted(installation: Running) -> trust.Trust:
    return trust.load(installation.data / "trust.json")


def signer_of(traffic: Traffic, batch: int) -> str:
    shown = get(traffic.maker.issuer, f"/v1/batches/{batch}")
    return manifest.parse(shown["manifest"]).office_key_id


def test_the_key_is_changed_under_traffic_without_one_wrong_answer(
    installation: Running, traffic: Traffic
) -> None:
    """Prepared, activated after the running verifier was asked, retired: every look-up of every
    genuine stamp is answered right, every order issued, each batch by the key of its number."""
    (old,) = trusted(installation).keys
    with traffic.flowing():
        traffic.wait_for(2)
        installation.tem("issuer", "office-key", "prepare", "--unsealed")
        _, new = trusted(installation).keys
        traffic.wait_for(2)
        told = installation.tem("issuer", "office-key", "activate", new[:8])
        assert "knows it" in told
        start = trusted(installation).keys[old].last_batch + 1
        until(lambda: max(traffic.batches) >= start + 1)
        installation.tem("issuer", "office-key", "retire", old, "--yes")
        traffic.wait_for(2)
    assert traffic.wrong == [] and traffic.asked > 20
    assert traffic.batches == list(range(1, len(traffic.batches) + 1))
    for batch in traffic.batches:
        assert signer_of(traffic, batch) == (old if batch < start else new)
    assert set(traffic.verdicts(traffic.codes)) == {GENUINE}
    assert not (installation.data / "issuer" / "office-key.pem").exists()
    assert installation.tem("fsck") == "every invariant holds\n"


def publish(installation: Running, forged: Minted) -> None:
    """Put a batch into the published tables, as a thief of the registry's database could."""
    engine = open_engine(sqlite_url(installation.data / "registry" / "registry.db"))
    made = forged.made
    with writing(engine) as connection:
        change = publication.next_change(connection, system_clock())
        pieces = iter([forged.fingerprints])
        publication.put_batch(connection, change, made, forged.manifest, forged.signature, pieces)
        whole = [Interval(1, made.quantity, StampState.ISSUED)]
        publication.replace_intervals(connection, change, made.batch, whole)
    engine.dispose()


def thief(installation: Running, folder: Path) -> Mint:
    """Whoever has copied the key that signs now."""
    mint = Mint(folder)
    (stolen,) = (installation.data / "issuer").glob("office-key*.pem")
    mint.office = keys.load_office_key(stolen, None)
    mint.public_key = keys.raw_public(mint.office)
    return mint


def alarms(installation: Running) -> int:
    log = (installation.data / "logs" / "verifier.log").read_text()
    return sum('"manifest_refused"' in line and str(FORGED) in line for line in log.splitlines())


def test_a_stolen_key_is_frozen_within_a_second_and_good_stamps_stay(
    installation: Running, traffic: Traffic, tmp_path: Path
) -> None:
    """Forged stamps, believed until then, are UNAVAILABLE a second after the freezing, with an
    alarm, also those published later; genuine ones are answered as before, and a new key issues."""
    mint = thief(installation, tmp_path)
    owner = {"product": traffic.maker.product, "producer": traffic.maker.id}
    forged = mint.sign(FORGED, quantity=3, **owner)
    publish(installation, forged)
    code = forged.text(2)
    until(lambda: traffic.verdicts([code] * 2) == [GENUINE] * 2)  # the attack is real
    stolen = manifest.key_id(mint.public_key)
    installation.tem("issuer", "office-key", "freeze", stolen, "--yes")
    begun = time.monotonic()
    until(lambda: all(traffic.verdicts([code]) == ["UNAVAILABLE"] for _ in range(20)), 10)
    assert time.monotonic() - begun < LIMIT_SECONDS
    until(lambda: alarms(installation), 10)
    later = mint.sign(FORGED + 1, quantity=3, **owner)
    publish(installation, later)
    until(lambda: traffic.verdicts([later.text(1)]) == ["UNAVAILABLE"], 10)
    assert set(traffic.verdicts(traffic.codes)) == {GENUINE}
    order = traffic.maker.order(2)  # waits for a key, and does not fail
    installation.tem("issuer", "office-key", "retire", stolen, "--yes")
    installation.tem("issuer", "office-key", "create", "--unsealed")
    new = list(trusted(installation).keys)[-1]
    installation.tem("issuer", "office-key", "activate", new)
    batch = traffic.maker.issued(order)
    assert signer_of(traffic, batch) == new
    traffic.codes += traffic.maker.addresses(batch)
    until(lambda: set(traffic.verdicts(traffic.codes)) == {GENUINE})
    assert traffic.verdicts([code]) == ["UNAVAILABLE"]
