"""What the first start makes for the verifier."""

import stat
from pathlib import Path

from tem.databases.database import open_engine, reading, sqlite_url
from tem.http import auth
from tem.installation import Installation
from tem.vocabulary import Role
from tem_verifier import first_start


def test_the_registrys_key_is_made_once(tmp_path: Path) -> None:
    """A private file with a key of the role `service`; later starts leave it alone, and bring no
    other where it was taken away: several verifiers with one database must not make each their
    own."""
    installation = Installation(tmp_path)
    made = first_start.prepare(installation)
    path = installation.key_file(first_start.REGISTRY_KEY_FILE)
    assert len(made) == 2 and str(path) in made[1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = path.read_text().strip()
    assert first_start.prepare(installation) == []
    path.unlink()
    assert first_start.prepare(installation) == [] and not path.exists()
    engine = open_engine(sqlite_url(installation.database("verifier")))
    with reading(engine) as connection:
        assert auth.authenticate(connection, f"Bearer {token}").role is Role.SERVICE
    engine.dispose()
