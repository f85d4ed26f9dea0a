"""Signing in as somebody who must not: under false names, at the same instant, out of the logs."""

import threading

import pytest
from argon2 import PasswordHasher
from tests.registry.browsing import PASSWORD, Browser, code_of, invite, somebody
from tests.registry.records import ONE_ENGINE, Register, settings
from tests.registry.signed_in import Api, api_over

from tem.clients import parse_proxies
from tem.http.web import Wiring
from tem_registry.accounts import passwords, sign_in
from tem_registry.app import build
from tem_registry.portal import cookies


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm at its lowest cost."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=32))
    monkeypatch.setattr(passwords, "_kept", [])


@pytest.fixture
def api(register: Register) -> Api:
    """The app over a small register."""
    return api_over(register)


def guesses(api: Api) -> list[int]:
    """One more wrong password than a network has, each time as if from elsewhere."""
    return [
        Browser(api, "another", f"192.0.2.{n}").sign_in(f"sai {n}").status_code
        for n in range(sign_in.FROM_ONE_NETWORK + 1)
    ]


@ONE_ENGINE
def test_a_strangers_header_is_not_where_a_request_comes_from(api: Api) -> None:
    """Without a proxy that is named, X-Forwarded-For changes nothing."""
    assert guesses(api) == [401] * sign_in.FROM_ONE_NETWORK + [429]


@ONE_ENGINE
def test_behind_a_proxy_each_client_counts_for_itself(api: Api, register: Register) -> None:
    """TEM_REGISTRY_PROXIES=1: the last name in the header is the proxy's word, what stands before
    it is the stranger's."""
    wiring = Wiring(register.engine, register.clock)
    app = build(settings(proxies=parse_proxies("1")), wiring)
    behind = Api(register, app.test_client(), api.keys, api.numbers)
    assert guesses(behind) == [401] * (sign_in.FROM_ONE_NETWORK + 1)
    found = [
        Browser(behind, "one", f"192.0.2.{n}, 198.51.100.77").sign_in(f"sai {n}").status_code
        for n in range(sign_in.FROM_ONE_NETWORK + 1)
    ]
    assert found == [401] * sign_in.FROM_ONE_NETWORK + [429]


@pytest.mark.parametrize("login", ["hoa\0", "\0", "ｈｏａ\u202e", "a" * 5000, "' OR 1=1 --", ""])
def test_odd_logins_are_nobodys(api: Api, login: str) -> None:
    """Whatever is typed gets the one answer, on both engines."""
    somebody(api)
    answer = Browser(api).sign_in(PASSWORD, login)
    assert (answer.status_code, code_of(answer)) == (401, "sign_in_refused")
    taken = Browser(api).take_up("\0" * 20, login=login)
    assert (taken.status_code, code_of(taken)) == (401, "invitation_not_valid")


def test_an_invitation_sent_twice_at_once_is_good_once(api: Api) -> None:
    """Of two who have the code one gets in."""
    code = invite(api)["code"]
    browsers = [Browser(api, network) for network in ("one", "another")]
    found: list[int] = []
    start = threading.Barrier(2)

    def take(browser: Browser) -> None:
        start.wait(20)
        found.append(browser.take_up(code).status_code)

    threads = [threading.Thread(target=take, args=(one,)) for one in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == [303, 401]
    assert sorted(one.is_in for one in browsers) == [False, True]


@ONE_ENGINE
def test_nothing_that_lets_in_is_logged(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither password, code, cookie nor a form's token; who acted is."""
    made = invite(api)
    browser = Browser(api)
    browser.take_up(made["code"])
    browser.sign_in("không phải")
    browser.sign_in(next="/office?secret-of-a-query")
    kept = [browser.client.get_cookie(name, "tem.example") for name in _NAMES]
    secret = [one.value for one in kept if one is not None]
    assert len(secret) == len(_NAMES)
    said = capsys.readouterr()
    told = said.out + said.err
    assert "route=/sign-in" in told
    for one in (PASSWORD, "không phải", made["code"], "secret-of-a-query", *secret):
        assert one not in told


_NAMES = (cookies.SESSION, cookies.BROWSER, cookies.VISIT)


@ONE_ENGINE
def test_a_session_is_new_at_each_sign_in(api: Api) -> None:
    """A cookie of nobody, or of a session that is over, neither lets in nor keeps out."""
    somebody(api)
    browser = Browser(api)
    client = browser.client
    client.set_cookie(
        cookies.SESSION, "planted", domain="tem.example", origin_only=True, secure=True
    )
    assert not browser.is_in
    assert browser.sign_in().status_code == 303
    kept = browser.client.get_cookie(cookies.SESSION, "tem.example")
    assert kept is not None and kept.value != "planted"
    assert browser.is_in
