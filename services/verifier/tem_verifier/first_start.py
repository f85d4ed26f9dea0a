"""What the first start of an installation makes for the verifier: its own empty database."""

import os

from tem.installation import Installation
from tem_verifier import settings
from tem_verifier.app import open_store


def prepare(installation: Installation) -> list[str]:
    """Nothing that needs telling: the verifier holds no key that could make or change a stamp."""
    open_store(settings.read(os.environ, installation)).dispose()
    return []
