"""The pack key that the issuer handed over, if readers would believe it at present."""

from datetime import datetime, timedelta
from pathlib import Path

from nacl.bindings import crypto_sign_seed_keypair

from tem import ed25519
from tem.logs import log
from tem.pack import certificate, key_file
from tem.pack.canonical import instant
from tem.pack.key_file import PackKey
from tem.trust import Trust
from tem_registry.packs import pack_metrics
from tem_registry.packs.pack_trust import as_tills_have_it

WARNED_BEFORE = timedelta(days=60)
AGAIN_AFTER = timedelta(days=1)


class PackKeys:
    """Reads the key anew each time: it may be renewed while the follower runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told: tuple[str, datetime] | None = None

    def at(self, now: datetime, trusted: Trust) -> PackKey | None:
        """The key to sign with; None, with a line in the log once a day, if there is none."""
        try:
            found = key_file.parse(self._path.read_text("utf-8"))
            why = _fault(found, now, trusted)
        except (OSError, ValueError) as error:
            found, why = None, str(error)
        if found is None or why:
            pack_metrics.KEY_ENDS.set(0)
            if self._is_news("pack_key_unfit", now):
                log.error("alarm", alarm="pack_key_unfit", why=why)
            return None
        ends = instant(found.certificate.valid_until)
        pack_metrics.KEY_ENDS.set(ends.timestamp())
        if ends - now < WARNED_BEFORE and self._is_news("pack_key_ends_soon", now):
            until = found.certificate.valid_until
            log.warning("alarm", alarm="pack_key_ends_soon", until=until)
        return found

    def _is_news(self, alarm: str, now: datetime) -> bool:
        if self._told is not None and self._told[0] == alarm and now - self._told[1] < AGAIN_AFTER:
            return False
        self._told = alarm, now
        return True


def _fault(found: PackKey, now: datetime, trusted: Trust) -> str | None:
    """What a reader would have against packs signed with it."""
    vouched = found.certificate
    why = as_tills_have_it(trusted).fault_of_certifier(vouched.office_key_id)
    message = certificate.signed_message(found.signed.raw)
    public, _ = crypto_sign_seed_keypair(found.seed)
    if (vouched.environment == "sandbox") is not trusted.sandbox:
        return "it is of another environment"
    if why is not None:
        return why
    office_key = trusted.keys[vouched.office_key_id]
    if not ed25519.verifies(office_key.public_key, message, found.signed.signature):
        return "the office key did not sign its certificate"
    if public.hex() != vouched.public_key:
        return "the certificate is for another key"
    if not instant(vouched.valid_from) <= now < instant(vouched.valid_until):
        return "its certificate is not in force"
    return None
