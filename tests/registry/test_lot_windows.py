"""Windows of goods without a declared date follow category and setting, also of lots on record."""

from functools import partial
from typing import Any

import pytest
from tests.registry.records import OFFICE, Register, certificate, product, settings
from tests.registry.signed_in import api_over

from tem_registry import publication, tables
from tem_registry.catalogue import catalogue
from tem_registry.forgetting import forgetting
from tem_registry.lots import lot_windows, lots
from tem_registry.months import Months


@pytest.fixture
def undated(register: Register) -> Register:
    """Two lots of produce made on 20/10/2026, one of them with stamps."""
    record = product("SP5", "P1", category_code="I.1.b", date_kind="none", shelf_life=None)
    register.add("product", record)
    register.add("certificate", certificate("CN-SP5", "SP5"))
    register.lot("L1", product_id="SP5")
    register.lot("L2", product_id="SP5")
    register.lot("L3")
    register.batch(1, product_id="SP5")
    register.activate("L1", 1, 1, 10)
    return register


def ends(register: Register) -> dict[str, str]:
    return {row["id"]: str(row["window_ends_on"]) for row in register.rows(tables.lot)}


def card(register: Register, id: str) -> Any:
    with register.read() as connection:
        return publication.card(connection, "lot", id)


def test_another_category_changes_the_window(undated: Register) -> None:
    """With the product's change, published in the same step; dated lots stay as they are."""
    assert ends(undated) == {"L1": "2027-04-20", "L2": "2027-04-20", "L3": "2027-11-20"}
    api = api_over(undated)
    done = api.send("/v1/products/SP5", {"category_code": "V.2"}, method="PATCH")
    assert done.status_code == 200, done.text
    assert ends(undated) == {"L1": "2028-10-20", "L2": "2028-10-20", "L3": "2027-11-20"}
    assert card(undated, "L1")["window_ends_on"] == "2028-10-20"
    assert card(undated, "L2") is None, "what was not published is not published by this"
    assert api.get("/v1/lots/L1").json["record_ends_on"] == "2028-10-20"
    assert undated.actions()[-2:] == ["product.changed", "lots.window_changed"]
    assert undated.faults() == []


def test_another_field_changes_no_window(undated: Register) -> None:
    """A change that decides nothing about windows leaves no entry about them."""
    api = api_over(undated)
    assert api.send("/v1/products/SP5", {"unit": "kg"}, method="PATCH").status_code == 200
    assert undated.actions()[-1] == "product.changed"


def test_the_sweep_takes_over_another_setting(undated: Register) -> None:
    """At its start the follower brings windows into line, then forgets what is closed by now; a
    second run finds nothing to do."""
    undated.clock.advance(days=15)
    shorter = Months({"": 24, "I.1": 1})
    run = partial(forgetting.HourlySweep, undated.engine, undated.clock)
    run(settings().window_months).if_due()
    assert ends(undated)["L1"] == "2027-04-20"
    run(shorter).if_due()
    assert ends(undated) == {"L1": "2026-11-20", "L2": "2026-11-20", "L3": "2027-11-20"}
    assert card(undated, "L1")["closed"] is True
    assert undated.faults() == []
    before = undated.everything()
    assert lot_windows.renew_all(undated.engine, undated.clock(), shorter) == 0
    assert undated.everything() == before
    assert lot_windows.renew_all(undated.engine, undated.clock(), settings().window_months) == 2
    assert card(undated, "L1")["window_ends_on"] == "2027-04-20", "public again"
    assert undated.faults() == []


def test_a_lot_whose_window_has_closed_takes_no_stamps(undated: Register) -> None:
    """Its stamps would say nothing from their first scan on."""
    undated.clock.advance(days=151)  # 20/04/2027, the last day
    undated.activate("L1", 1, 11, 11)
    undated.clock.advance(days=1)
    with pytest.raises(Exception, match="public until 2027-04-20"):
        undated.activate("L1", 1, 12, 12)


def test_an_import_changes_no_window_of_a_purged_lot(undated: Register) -> None:
    """A purged lot has no production date to count from: it is left alone."""
    with undated.write() as connection:
        nothing = dict.fromkeys(("production_date", "lot_code"))
        connection.execute(
            tables.lot.update()
            .where(tables.lot.c.id == "L2")
            .values(**nothing, purged_at=undated.clock())
        )
    assert lot_windows.renew_all(undated.engine, undated.clock(), Months({"": 12})) == 1
    with undated.read() as connection:
        assert str(lots.find(connection, "L1").window_ends_on) == "2027-10-20"
    kind = catalogue.KINDS["product"]
    with undated.write() as connection:
        lot_windows.change_product(
            settings().window_months, connection, undated.clock(), OFFICE, kind, "SP5",
            {"category_code": "V.2"},
        )  # fmt: skip
    assert ends(undated)["L1"] == "2028-10-20"
