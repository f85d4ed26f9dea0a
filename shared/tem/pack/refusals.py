"""Why a pack is not believed. Codes: ``docs/offline-packs.md``, "Opening a file"."""

from tem.errors import Invalid


class PackRefused(Invalid):
    """A pack that must not answer; ``code`` says why, ``detail`` what to do."""


def damaged(why: str) -> PackRefused:
    """Not a whole pack of this format."""
    return PackRefused("pack_damaged", f"The pack is damaged ({why}): fetch it again.")


def of_another_environment() -> PackRefused:
    """Sandbox and production never mix."""
    return PackRefused(
        "pack_of_another_environment",
        "The pack and the trust list are of different environments (production, sandbox): "
        "fetch both from the same verifier.",
    )


def not_certified(why: str) -> PackRefused:
    """No office key that is trusted vouches for the key that signed it."""
    return PackRefused(
        "pack_key_not_certified",
        f"The key of this pack is not vouched for ({why}): fetch the pack again, and if that does "
        "not help the trust list, over a way you trust.",
    )


def signature_wrong() -> PackRefused:
    """Somebody else wrote it."""
    return PackRefused(
        "pack_signature_wrong",
        "The pack was not signed by the key it names: do not use it, fetch it from the verifier.",
    )


def older_than_seen(sequence: int, seen: int) -> PackRefused:
    """It would un-recall what was recalled since."""
    return PackRefused(
        "pack_older_than_seen",
        f"The pack ({sequence}) is older than one accepted before ({seen}): keep the newer one.",
    )


def too_old(valid_until: str) -> PackRefused:
    """What it says may have changed too much since."""
    return PackRefused(
        "pack_too_old",
        f"The pack was valid until {valid_until}: fetch a new one, until then ask online. "
        "This says nothing about any stamp.",
    )
