"""``tem issuer``: keys and the printed URL, as a person on the machine uses them."""

from click.testing import CliRunner, Result
from tests.issuer.issuer_support import Mint

from tem import digital_link
from tem.cli import main
from tem.stampcode import parse


def tem(mint: Mint, *words: str) -> Result:
    data = ["--data", str(mint.installation.data)]
    return CliRunner().invoke(main, ["issuer", *words, *data])


def status_with(mint: Mint, token: str, path: str = "/v1/batches") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return mint.client().get(path, headers=headers).status_code


def test_a_key_is_printed_once_as_the_last_word(mint: Mint) -> None:
    """`key create` prints the key alone on standard output, and it works at once."""
    made = tem(mint, "key", "create", "--role", "office", "--name", "Lan")
    assert made.exit_code == 0
    assert made.stdout.split() == [made.stdout.strip()]
    token = made.stdout.split()[-1]
    assert status_with(mint, token) == 200
    kept = [path.read_bytes() for path in mint.installation.data.rglob("*") if path.is_file()]
    assert not any(token.encode() in content for content in kept)


def test_keys_are_listed_without_their_secrets(mint: Mint) -> None:
    """`key list` shows id, role, name and whether a key is live."""
    token = tem(mint, "key", "create", "--role", "service", "--name", "second").stdout.strip()
    _, key_id, secret = token.split("_")
    listed = tem(mint, "key", "list").stdout
    (line,) = [line for line in listed.splitlines() if line.startswith(key_id)]
    assert line.split()[1:3] == ["service", "second"]
    assert line.endswith("live")
    assert secret not in listed
    assert len(listed.splitlines()) == 3


def test_a_revoked_key_is_refused_at_once(mint: Mint) -> None:
    """The next request with it is 401; a second revocation says there is no such live key."""
    token = tem(mint, "key", "create", "--role", "office", "--name", "Lan").stdout.strip()
    key_id = token.split("_")[1]
    assert status_with(mint, token) == 200
    assert tem(mint, "key", "revoke", key_id).exit_code == 0
    assert status_with(mint, token) == 401
    assert "revoked" in tem(mint, "key", "list").stdout
    again = tem(mint, "key", "revoke", key_id)
    assert (again.exit_code, "[no_such_key]" in again.stderr) == (1, True)


def test_a_lost_office_key_is_made_anew(mint: Mint) -> None:
    """On the machine itself a second key under the same name can be made, a third cannot."""
    make = ("key", "create", "--role", "office", "--name", "first-start")
    assert status_with(mint, tem(mint, *make).stdout.strip()) == 200
    third = tem(mint, *make)
    assert (third.exit_code, "[too_many_live_keys]" in third.stderr) == (1, True)


def test_only_the_issuer_s_roles_have_keys(mint: Mint) -> None:
    """Roles of other services are refused by the command."""
    for role in ("producer", "auditor", "retailer", ""):
        assert tem(mint, "key", "create", "--role", role, "--name", "x").exit_code == 2


def test_a_url_is_found_by_number_and_by_reference(mint: Mint) -> None:
    """The command prints exactly what the CSV has, whichever name the batch is given."""
    mint.released(2)
    batch = mint.released(3, reference="DH-2026-7")
    for index, url in enumerate(mint.urls(batch), start=1):
        for name in (str(batch.number), "DH-2026-7"):
            shown = tem(mint, "url", name, str(index))
            assert (shown.exit_code, shown.stdout) == (0, f"{url}\n")


def test_a_url_is_also_a_digital_link(mint: Mint) -> None:
    """With the GTIN of its product the command prints the same 72 bytes as AI 235 and AI 8030; a
    number that is no GTIN is refused, and nothing has left."""
    (url,) = mint.urls(mint.released(1))
    link = tem(mint, "url", "1", "1", "--gtin", "9521234000013").stdout.strip()
    base, _, digits = url.rpartition("/s/")
    path, _, signature = link.removeprefix(base).partition("?8030=")
    *steps, printed = path.split("/")
    assert steps == ["", "01", "09521234000013", "235"]
    assert digital_link.raw_of(printed, signature) == parse(digits).raw
    assert "[malformed_gtin]" in failure(mint, "url", "1", "1", "--gtin", "9521234000014")


def failure(mint: Mint, *words: str) -> str:
    """The one line a refused command writes, after looking at its status."""
    done = tem(mint, *words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_url_that_cannot_be_shown_says_why(mint: Mint) -> None:
    """Unknown batch, no such stamp, a canary, not released, destroyed: one line, status 1."""
    batch, waiting = mint.released(3), mint.reserve()
    for name in ("77", "0", "DH-unknown", "9" * 30, "\u0661"):
        assert "[no_such_batch]" in failure(mint, "url", name, "1")
    assert "[no_such_stamps]" in failure(mint, "url", "1", "4")
    assert "[not_released]" in failure(mint, "url", str(waiting.number), "1")
    mint.confirm(batch)
    gone = failure(mint, "url", "1", "1")
    assert "[codes_destroyed]" in gone
    assert "print of batch 1 was confirmed on 20/11/2026" in gone


def test_a_url_without_its_codes_says_why(mint: Mint) -> None:
    """After a restore from a backup the codes are not there, and that is what is said."""
    mint.released()
    (mint.settings.codes / "1-1.key").unlink()
    assert "[codes_missing]" in failure(mint, "url", "1", "1")


def test_indexes_are_numbers_from_one(mint: Mint) -> None:
    """Anything else is a mistake in the command."""
    for index in ("0", "-1", "1.5", "x", str(2**24 + 1)):
        assert tem(mint, "url", "1", "--", index).exit_code == 2
