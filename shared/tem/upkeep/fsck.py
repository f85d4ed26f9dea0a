"""``tem fsck``: the checks and the state of each service, found by name, none of them imported."""

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from sqlalchemy.exc import SQLAlchemyError

from tem.databases.database import is_missing, reading
from tem.databases.database_refusals import in_plain_words
from tem.errors import Conflict, TemError
from tem.installation import Installation
from tem.upkeep.state_digest import ServiceState, digests, state_digest

Check = Callable[[Installation], Iterator[str]]


def faults(installation: Installation, services: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Every fault of an installation, or of some services: whose it is, and one sentence."""
    checks: list[tuple[str, Check]] = [
        (entry.name, functools.partial(_check, entry))
        for entry in _entries()
        if not services or entry.name in services
    ]
    if not services:
        checks.append(("between them", _disagreements))
    for name, check in checks:
        for fault in _found(check, installation):
            yield name, fault


def states(installation: Installation, env: Mapping[str, str]) -> dict[str, ServiceState]:
    """What each service keeps, and where these settings say it is (``state`` of its module)."""
    return {name: module.state(env, installation) for name, module in _modules().items()}


def state_digests(
    installation: Installation, env: Mapping[str, str], only: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """The digest of each service whose database is there. Raises Conflict where it is damaged."""
    for name, state in states(installation, env).items():
        if is_missing(state.url) or (only and name not in only):
            continue
        try:
            yield name, _digest(state)
        except (SQLAlchemyError, ValueError) as error:  # a file cut short, a date that is none
            if plain := in_plain_words(error):
                raise plain from error
            raise Conflict(
                "state_unreadable",
                f"The {name}'s database cannot be read: {error}. Run `tem fsck`.",
            ) from error


def _digest(state: ServiceState) -> str:
    engine = state.open()
    try:
        with reading(engine) as connection:
            return state_digest(digests(connection, state.metadata))
    finally:
        engine.dispose()


def _entries() -> list[EntryPoint]:
    return sorted(entry_points(group="tem.fsck"), key=lambda entry: entry.name)


def _modules() -> dict[str, ModuleType]:
    """The module each service tells of itself in."""
    return {entry.name: import_module(entry.module) for entry in _entries()}


def _check(entry: EntryPoint, installation: Installation) -> Iterator[str]:
    yield from entry.load()(installation)


def _found(check: Check, installation: Installation) -> Iterator[str]:
    """What a check finds; damage it stumbles over is one more fault, not an end."""
    try:
        yield from check(installation)
    except Exception as error:
        plain = error if isinstance(error, TemError) else in_plain_words(error)
        told = f"{plain.detail} [{plain.code}]" if plain else f"{type(error).__name__}: {error}"
        yield f"the check could not go on: {told}"


def _disagreements(installation: Installation) -> Iterator[str]:
    """What the registry has on record that the issuer beside it never released.

    Each service tells of itself (``manifests`` of its check's module), so that none is imported.
    The registry is asked first: what is recorded meanwhile must not look unknown.
    """
    modules = _modules()
    if not {"registry", "issuer"} <= modules.keys():
        return
    recorded, released = (modules[name].manifests(installation) for name in ("registry", "issuer"))
    if recorded is None or released is None:  # the other one has its database elsewhere
        return
    for number, digest in recorded.items():
        if number not in released:
            yield f"batch {number} is on record, but the issuer has not released it"
        elif released[number] not in ("", digest):  # empty: forgotten by an accepted restore
            yield f"the manifest of batch {number} on record is not the one the issuer released"
