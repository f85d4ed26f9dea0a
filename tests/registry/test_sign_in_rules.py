"""Invitations, passwords and sessions: who gets in, for how long, and whom guessing slows down."""

import re
import threading

import argon2
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from tests.registry.browsing import (
    HTTPS,
    NETWORKS,
    OTHER,
    PASSWORD,
    Browser,
    code_of,
    invite,
    somebody,
)
from tests.registry.records import Register, all_tables
from tests.registry.signed_in import Api, api_over

from tem.trail.audit import entry_table
from tem.vocabulary import Role
from tem_registry.accounts import account_rules, passwords, sign_in
from tem_registry.portal import cookies
from tem_registry.portal.portal import safe_next

REAL_HASHER = passwords.HASHER


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm at its lowest cost: some hundred passwords are tried here."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=32))
    monkeypatch.setattr(passwords, "_kept", [])


def test_a_hash_costs_what_is_advised() -> None:
    """argon2id with at least 19 MiB and two passes (OWASP), whatever the library's defaults are."""
    used = argon2.extract_parameters(REAL_HASHER.hash(PASSWORD))
    assert used.type is argon2.Type.ID
    assert (used.memory_cost >= 19 * 1024, used.time_cost >= 2) == (True, True)


@pytest.fixture
def api(register: Register) -> Api:
    """The app over a small register, on each engine."""
    return api_over(register)


def test_an_invitation_is_good_once(api: Api) -> None:
    """With it a password is set and the person is in; a second time it is refused."""
    code = invite(api)["code"]
    browser = Browser(api)
    assert browser.take_up(code.lower().replace("-", " ")).status_code == 303
    assert browser.is_in
    again = Browser(api).take_up(code, OTHER)
    assert (again.status_code, code_of(again)) == (401, "invitation_not_valid")
    assert Browser(api).sign_in(OTHER).status_code == 401
    assert Browser(api).sign_in().status_code == 303


def test_an_invitation_is_over_after_seven_days(api: Api) -> None:
    """On the last second it is good, then no more."""
    clock = api.register.clock
    late, in_time = invite(api, "muon")["code"], invite(api, "kip")["code"]
    clock.advance(days=account_rules.INVITATION_DAYS, seconds=-1)
    assert Browser(api).take_up(in_time, login="kip").status_code == 303
    clock.advance(seconds=1)
    assert Browser(api).take_up(late, login="muon").status_code == 401


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("ngắn quá", "password_length"),
        ("x" * 201, "password_length"),
        ("1234567890", "password_guessable"),
        ("matkhau2026!", "password_guessable"),
        ("aaaaaaaaaaaa", "password_guessable"),
        ("hoa là hoa nhé", "password_guessable"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password: str, code: str) -> None:
    """By its length, by what everybody tries, and with the login in it."""
    with pytest.raises(Exception, match=r".") as refused:
        account_rules.check_password(password, "hoa")
    assert refused.value.code == code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  LAN ", "lan"), ("0912 345 678", "0912345678"), ("Lan@Xa.example", "lan@xa.example")],
)
def test_a_login_has_one_spelling(typed: str, kept: str) -> None:
    """Case and blanks do not matter."""
    assert account_rules.fold_login(typed) == kept


def test_a_reset_signs_out_everywhere(api: Api) -> None:
    """From the next request on; the old password is nobody's, the new code lets in."""
    made = invite(api)
    first, second = Browser(api), Browser(api)
    first.take_up(made["code"])
    second.sign_in()
    assert first.is_in and second.is_in
    reset = api.send(f"/v1/accounts/{made['account_id']}/reset", {})
    assert not first.is_in and not second.is_in
    assert second.sign_in().status_code == 401
    assert second.take_up(reset.json["code"], OTHER).status_code == 303


def test_a_disabled_account_does_nothing_at_once(api: Api) -> None:
    """Its session ends, its password is refused; enabled, the password counts again."""
    made = invite(api)
    somebody(api, login="minh")
    browser = Browser(api)
    browser.take_up(made["code"])
    path = f"/v1/accounts/{made['account_id']}"
    assert api.send(f"{path}/disabling", {}).json["state"] == "disabled"
    assert not browser.is_in
    assert browser.sign_in().status_code == 401
    assert api.send(f"{path}/enabling", {}).json["state"] == "active"
    assert browser.sign_in().status_code == 303


def test_the_last_of_the_office_stays(api: Api) -> None:
    """Nobody locks the office out of its own pages."""
    made = invite(api)
    Browser(api).take_up(made["code"])
    refused = api.send(f"/v1/accounts/{made['account_id']}/disabling", {})
    assert (refused.status_code, refused.json["code"]) == (409, "last_office_account")


def test_the_code_is_told_once(api: Api) -> None:
    """A repeated request gets the same answer without it: it is kept nowhere."""
    body = {"login": "hoa", "name": "Hoa", "role": "auditor"}
    first = api.send("/v1/accounts", body, key="same").json
    second = api.send("/v1/accounts", body, key="same").json
    assert first == {**second, "code": first["code"]}


@pytest.mark.parametrize("role", list(account_rules.IDLE))
def test_a_session_ends_when_nobody_is_there(api: Api, role: Role) -> None:
    """After its idle time without a request, and after its whole time with many."""
    clock = api.register.clock
    own = {"producer_id": "P1"} if role is Role.PRODUCER else {}
    browser = somebody(api, role=str(role), **own)
    idle, whole = account_rules.IDLE[role], account_rules.WHOLE[role]
    clock.advance(seconds=idle.total_seconds() - 1)
    assert browser.is_in
    clock.advance(seconds=idle.total_seconds())
    assert not browser.is_in
    browser.sign_in()
    step = idle * 0.9
    for _ in range(whole // step):
        assert browser.is_in
        clock.advance(seconds=step.total_seconds())
    clock.advance(seconds=step.total_seconds())
    assert not browser.is_in


def test_guessing_slows_down_the_guesser_alone(api: Api) -> None:
    """After ten wrong passwords a network waits a quarter of an hour, the right one included;
    the person's own browser and other networks do not."""
    own = somebody(api)
    stranger = Browser(api, "another")
    tries = [stranger.sign_in(f"sai {n}") for n in range(sign_in.FROM_ONE_NETWORK + 1)]
    assert [t.status_code for t in tries] == [401] * sign_in.FROM_ONE_NETWORK + [429]
    assert tries[-1].headers["Retry-After"]
    assert stranger.sign_in().status_code == 429
    assert Browser(api, "one").sign_in().status_code == 303
    assert own.sign_in().status_code == 303
    api.register.clock.advance(seconds=sign_in.WINDOW.total_seconds())
    assert stranger.sign_in().status_code == 303


def test_a_known_browser_is_not_kept_out_by_its_network(api: Api) -> None:
    """Somebody guesses behind the same address: who has signed in here before still may."""
    own = somebody(api)
    stranger = Browser(api)
    for n in range(sign_in.FROM_ONE_NETWORK):
        stranger.sign_in(f"sai {n}")
    assert Browser(api).sign_in().status_code == 429
    assert own.sign_in().status_code == 303
    for n in range(sign_in.IN_A_KNOWN_BROWSER):
        assert own.sign_in(f"sai {n}").status_code == 401
    assert own.sign_in().status_code == 429


def test_many_logins_from_one_network_are_slowed_down(api: Api) -> None:
    """Trying one password with many logins is guessing too."""
    stranger = Browser(api)
    found = [
        stranger.sign_in(PASSWORD, f"ai-{n}").status_code
        for n in range(sign_in.FROM_ONE_NETWORK_IN_ALL + 1)
    ]
    assert found == [401] * sign_in.FROM_ONE_NETWORK_IN_ALL + [429]


def test_tries_at_once_do_not_slip_through(api: Api) -> None:
    """Each is counted before its password is looked at."""
    somebody(api)
    stranger = Browser(api, "another")
    token = re.findall(r'name="csrf-token" content="(\w+)"', stranger.get("/sign-in").text)[0]
    found: list[int] = []
    start = threading.Barrier(16)

    def guess(number: int) -> None:
        start.wait(20)
        sent = {"login": "hoa", "password": f"sai {number}"}
        found.append(stranger.send("/sign-in", token, **sent).status_code)

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == [401] * sign_in.FROM_ONE_NETWORK + [429] * 6


def test_a_stranger_does_not_learn_who_has_an_account(api: Api) -> None:
    """A wrong password and an unknown login get the same page, but for the login typed."""
    somebody(api)
    known, unknown = (Browser(api).sign_in("sai", login) for login in ("hoa", "ami"))
    plain = [
        re.sub(r'value="[^"]*"|content="\w{64}"', "", answer.text) for answer in (known, unknown)
    ]
    assert plain[0] == plain[1]
    assert known.status_code == unknown.status_code == 401


def test_cookies_are_this_hosts_alone(api: Api) -> None:
    """Each is __Host-, Secure, HttpOnly and SameSite=Strict."""
    browser = Browser(api)
    given = browser.get("/sign-in").headers.getlist("Set-Cookie")
    given += browser.take_up(invite(api)["code"]).headers.getlist("Set-Cookie")
    given += browser.get("/account?lang=en").headers.getlist("Set-Cookie")
    names = {one.partition("=")[0] for one in given}
    assert names == {cookies.SESSION, cookies.VISIT, cookies.BROWSER, cookies.LANGUAGE}
    for one in given:
        assert one.startswith("__Host-")
        attributes = set(one.split("; ")[1:])
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= attributes
        assert not any(part.startswith("Domain") for part in attributes)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
)
def test_a_form_of_another_site_does_nothing(api: Api, headers: dict[str, str]) -> None:
    """Even with the right token, whatever the browser says of where it comes from counts."""
    browser = somebody(api)
    token = re.findall(r'name="csrf-token" content="(\w+)"', browser.get("/account").text)[0]
    refused = browser.client.post("/sign-out", data={"csrf_token": token}, headers=headers, **HTTPS)
    assert (refused.status_code, code_of(refused)) == (403, "form_not_ours")
    assert browser.is_in


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_our_token_does_nothing(api: Api, token: str) -> None:
    """A cookie alone is no permission."""
    browser = somebody(api)
    assert code_of(browser.send("/sign-out", token)) == "form_not_ours"
    assert browser.is_in


def test_one_token_is_not_anothers(api: Api) -> None:
    """Each session's forms carry a token of its own."""
    first, second = somebody(api, login="hai"), somebody(api, login="bay")
    token = re.findall(r'name="csrf-token" content="(\w+)"', first.get("/account").text)[0]
    assert code_of(second.send("/sign-out", token)) == "form_not_ours"


@pytest.mark.parametrize(
    "asked",
    [
        *("//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example"),
        *("//[", "//a℀b", "http://["),
        *("javascript:alert(1)", "evil", "/a\nb", "/ /x", "", "/sign-in?next=/x", "/sign-out", "/"),
    ],
)
def test_signing_in_leads_nowhere_else(asked: str) -> None:
    """Whatever a link asks for, it stays on this host and does not run in circles."""
    assert safe_next(asked, Role.OFFICE) == "/office"


def test_signing_in_leads_back(api: Api) -> None:
    """A page of ours with its query is where it goes on."""
    browser = somebody(api)
    browser.get("/session")
    answer = Browser(api).sign_in(next="/office/lots?state=open")
    assert answer.headers["Location"] == "/office/lots?state=open"


def test_a_password_is_changed_by_who_knows_it(api: Api) -> None:
    """The present one is asked for; other devices are signed out, this one is not."""
    first = somebody(api)
    second = Browser(api)
    second.sign_in()
    new = {"password": OTHER, "password_again": OTHER}
    wrong = first.send("/account", present="sai", **new)
    assert (wrong.status_code, code_of(wrong)) == (401, "sign_in_refused")
    assert first.send("/account", present=PASSWORD, **new).status_code == 303
    assert first.is_in and not second.is_in
    assert Browser(api).sign_in().status_code == 401
    assert Browser(api).sign_in(OTHER).status_code == 303


def test_nothing_that_lets_in_is_kept(api: Api) -> None:
    """No password, code or cookie stands in any table, and the trail tells of every act."""
    made = invite(api)
    browser = Browser(api)
    browser.take_up(made["code"])
    browser.sign_in()
    secrets = [PASSWORD, made["code"], made["code"].replace("-", "")]
    for name in (cookies.SESSION, cookies.BROWSER):
        kept = browser.client.get_cookie(name, "tem.example")
        assert kept is not None
        secrets.append(kept.value)
    with api.register.write() as connection:
        told = "".join(
            str(row) for table in all_tables() for row in connection.execute(select(table))
        )
        actions = list(connection.execute(select(entry_table.c.action)).scalars())
    assert not [secret for secret in secrets if secret in told]
    assert NETWORKS["one"] not in told
    for action in ("account.invited", "account.taken_up", "account.signed_in"):
        assert action in actions


def test_the_api_takes_no_cookie(api: Api) -> None:
    """A browser's session is no key: calls of the API carry theirs themselves."""
    browser = somebody(api)
    assert browser.get("/v1/lots").status_code == 401


def test_a_page_says_who_may_see_it(api: Api) -> None:
    """A producer at the office's page is told so; nobody is sent to sign in."""
    browser = somebody(api, role="producer", producer_id="P1")
    assert browser.get("/office/accounts").status_code == 403
    away = Browser(api).get("/office/accounts")
    assert (away.status_code, away.headers["Location"]) == (
        303,
        "/sign-in?next=%2Foffice%2Faccounts",
    )


def test_a_reset_counts_against_a_change_in_flight(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The office resets while a new password is being hashed: the change comes to nothing."""
    made = invite(api)
    browser = Browser(api)
    browser.take_up(made["code"])
    hash_of = passwords.hash_of

    def slowly(password: str) -> str:
        if password == OTHER:
            assert api.send(f"/v1/accounts/{made['account_id']}/reset", {}).status_code == 200
        return hash_of(password)

    monkeypatch.setattr(passwords, "hash_of", slowly)
    new = {"password": OTHER, "password_again": OTHER}
    assert browser.send("/account", present=PASSWORD, **new).status_code == 401
    assert Browser(api).sign_in(OTHER).status_code == 401
    shown = api.get(f"/v1/accounts/{made['account_id']}").json
    assert shown["state"] == "invited"


def test_an_invitation_sent_twice_at_once_is_good_once(api: Api) -> None:
    """One of several take-ups at the same time sets the password."""
    code = invite(api)["code"]
    found: list[int] = []
    start = threading.Barrier(4)

    def take_up(number: int) -> None:
        browser = Browser(api)
        browser.get("/invitation")
        start.wait(20)
        found.append(browser.take_up(code, f"{PASSWORD} {number}").status_code)

    threads = [threading.Thread(target=take_up, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == [303, 401, 401, 401]


def test_asking_for_the_head_of_a_page_is_no_act(api: Api) -> None:
    """HEAD is answered like GET, whatever site asks: no try to sign in is counted."""
    for _ in range(sign_in.FROM_ONE_NETWORK_IN_ALL + 1):
        head = Browser(api).client.head(
            "/sign-in", headers={"Sec-Fetch-Site": "cross-site"}, **HTTPS
        )
        assert head.status_code == 200
    assert somebody(api).client.head("/account", **HTTPS).status_code == 200


def test_odd_addresses_are_told_in_words(api: Api) -> None:
    """A NUL in an address is nobody's page, and no error of ours."""
    answer = Browser(api).get("/nowhere%00", Accept="text/html")
    assert (answer.status_code, code_of(answer)) == (404, "not_found")


def test_a_link_of_another_site_says_nothing(api: Api) -> None:
    """What was done is told where a page of ours led to alone."""
    path, browser = "/account?done=password_changed", somebody(api)
    assert 'role="status"' in browser.get(path, **{"Sec-Fetch-Site": "same-origin"}).text
    assert 'role="status"' not in browser.get(path, **{"Sec-Fetch-Site": "cross-site"}).text
