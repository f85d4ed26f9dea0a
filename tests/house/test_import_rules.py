"""The import rules of pyproject.toml: kept by the code, and each one seen to fail."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = (
    "shared/tem",
    "services/issuer/tem_issuer",
    "services/registry/tem_registry",
    "services/verifier/tem_verifier",
)
# For each contract one line that breaks it, planted in one file.
VIOLATIONS = {
    "services": ("tem_verifier/lookup.py", "import tem_registry.rules"),
    "shared": ("tem/http/web.py", "import tem_issuer.domain"),
    "shared-layers": ("tem/databases/database.py", "import tem.upkeep.backup"),
    "signing": ("tem_registry/orders/issuing.py", "import cryptography"),
    "certificates": ("tem/up.py", "import tem.tls_authority"),
    "pure": ("tem/verdict.py", "import sqlalchemy"),
    "issuer-layers": ("tem_issuer/storage.py", "import tem_issuer.prints"),
    "registry-layers": ("tem_registry/rules.py", "import tem_registry.lots.lots"),
    "no-circles": ("tem_registry/stamps/moves.py", "import tem_registry.stamps.stamps"),
    "verifier-layers": ("tem_verifier/index.py", "import tem_verifier.lookup"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the packages copied into a folder."""
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [linter, "--config", folder / "pyproject.toml", "--no-cache"],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and the rules, in a folder of their own."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / Path(package).name, ignore=ignore)
    return tmp_path


def contracts() -> dict[str, str]:
    """Names of the contracts by their ids."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return {contract["id"]: contract["name"] for contract in rules["contracts"]}


def test_the_code_keeps_every_rule(copy: Path) -> None:
    """All import rules hold."""
    done = lint(copy)
    assert done.returncode == 0, done.stdout


def test_every_rule_has_a_violation_to_prove_it() -> None:
    """A rule added without a line that breaks it is noticed here."""
    assert set(contracts()) == set(VIOLATIONS)


@pytest.mark.parametrize("id", VIOLATIONS)
def test_each_rule_fails_when_it_is_broken(id: str, copy: Path) -> None:
    """One planted import breaks exactly the rule that forbids it."""
    file, line = VIOLATIONS[id]
    path = copy / file
    path.write_text(f"{path.read_text()}\n{line}  # noqa\n")
    done = lint(copy)
    assert done.returncode != 0
    assert f"{contracts()[id]} BROKEN" in done.stdout, done.stdout
