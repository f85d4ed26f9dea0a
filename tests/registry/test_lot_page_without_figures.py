"""A producer's page of a lot while the verifier, which counts look-ups, cannot be asked."""

from tests.registry.records import ONE_ENGINE, Register
from tests.registry.signed_in import api_over

from tem.databases.database import writing
from tem.vocabulary import Role
from tem_registry.accounts import accounts, sessions
from tem_registry.portal import cookies


@ONE_ENGINE
def test_figures_that_cannot_be_had_are_said_to_be_missing(register: Register) -> None:
    """Never a nought, and the rest of the page is there."""
    register.batch(1, 100)
    register.lot("L1", 60)
    register.activate("L1", 1, 1, 20)
    client, now = api_over(register).client, register.clock()
    with writing(register.engine) as connection:
        made, code = accounts.invite(
            connection, now, "test", login="lam", name="Lam", role=Role.PRODUCER, producer_id="P1"
        )
        accounts.take_up(connection, now, "lam", code, "no password opens it")
        token = sessions.begin(connection, now, made.id)
    client.set_cookie(cookies.SESSION, token)
    page = client.get("/my/lots/L1").get_data(as_text=True)
    assert "Chưa lấy được số lượt tra cứu" in page
    assert "1-20-86" in page and "20/10/2027" in page
