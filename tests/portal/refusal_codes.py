"""Every code a person can be refused with, read from the source of what answers.

What answers are the modules that a service's app imports, however far around; commands and what
runs at the start of a process speak to the operator and are left out.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.running import ROOT

FOLDERS = {
    "tem": ROOT / "shared" / "tem",
    "tem_registry": ROOT / "services" / "registry" / "tem_registry",
    "tem_issuer": ROOT / "services" / "issuer" / "tem_issuer",
    "tem_verifier": ROOT / "services" / "verifier" / "tem_verifier",
}
# Constructors of refusals, and which of their arguments is the code.
CODE_AT = {
    **dict.fromkeys(
        (
            *("TemError", "Invalid", "Unauthenticated", "Forbidden", "NotFound", "Conflict"),
            *("PreconditionFailed", "Gone", "TooLarge", "TooMany", "Unavailable", "Refusal"),
        ),
        0,
    ),
    "LabelError": 0,
    "Fault": 1,
    "problem": 1,
    "RangeRefusal": 3,
}
# They run when a process starts or for a machine's own question (/readyz), or keep the trail's
# own files: what they refuse is told to the operator.
FOR_THE_OPERATOR = {
    *("tem.settings", "tem.installation", "tem.tls", "tem.http.health", "tem.databases.replica"),
    *("tem.databases.migrations", "tem.trail.kept_checkpoints", "tem.trail.signed_note"),
    *("tem_registry.settings", "tem_registry.uris", "tem_issuer.settings", "tem_issuer.app"),
    *("tem_issuer.office_keys", "tem_issuer.keys", "tem_issuer.high_water"),
}


@dataclass
class Found:
    """``codes`` of a service, and the places whose code cannot be read from the source."""

    codes: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)


def of(*starts: str) -> Found:
    """What the modules refuse with that are reached from some."""
    found = Found()
    for module in sorted(_reached(starts) - FOR_THE_OPERATOR):
        tree = _tree(module)
        found.codes |= set(_states(tree))
        for scope in _scopes(tree):
            for call in _calls(scope):
                codes = set(_read(_code(call), scope))
                found.codes |= codes
                if not codes:
                    found.unread.add(module)
    return found


@cache
def _modules() -> dict[str, Path]:
    found = {}
    for package, folder in FOLDERS.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_modules()[module].read_text("utf-8"))


def _imports(module: str) -> Iterator[str]:
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def field_words(*starts: str) -> list[str]:
    """What schemas say of a single field in words of our own; a blank in them is 1."""
    found = []
    for module in sorted(_reached(starts) - FOR_THE_OPERATOR):
        for node in ast.walk(_tree(module)):
            if isinstance(node, ast.Call) and _name(node) == "ValidationError" and node.args:
                found += _text(node.args[0])
            elif isinstance(node, ast.keyword) and node.arg == "error":
                found += _text(node.value)
    return found


def _text(words: ast.expr) -> list[str]:
    if isinstance(words, ast.JoinedStr):
        return ["".join(str(p.value) if isinstance(p, ast.Constant) else "1" for p in words.values)]
    return [words.value] if isinstance(words, ast.Constant) and words.value else []


def _reached(starts: tuple[str, ...]) -> set[str]:
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        module = waiting.pop()
        if module not in seen and module in _modules():
            seen.add(module)
            waiting += _imports(module)
    return seen


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    """Functions that lie in no other one, and what stands outside of all."""
    outside = ast.Module(body=[], type_ignores=[])
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from (one for one in node.body if isinstance(one, ast.FunctionDef))
        elif isinstance(node, ast.FunctionDef):
            yield node
        else:
            outside.body.append(node)
    yield outside


def _calls(scope: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and _name(node) in CODE_AT:
            yield node


def _name(call: ast.Call) -> str:
    named = call.func
    return named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")


def _code(call: ast.Call) -> ast.expr | None:
    at = CODE_AT[_name(call)]
    return call.args[at] if len(call.args) > at else None


def _read(code: ast.expr | None, scope: ast.AST) -> Iterator[str]:
    """The texts an expression can be: a text, one of two, a name set to one in the same scope."""
    if isinstance(code, ast.Constant) and isinstance(code.value, str):
        yield code.value
    elif isinstance(code, ast.IfExp):
        yield from _read(code.body, scope)
        yield from _read(code.orelse, scope)
    elif isinstance(code, ast.Name):
        for node in ast.walk(scope):
            if isinstance(node, ast.Assign):
                yield from (one for value in _set(node, code.id) for one in _read(value, scope))


def _set(node: ast.Assign, name: str) -> Iterator[ast.expr]:
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id == name:
            yield node.value
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for one, value in zip(target.elts, node.value.elts, strict=True):
                if isinstance(one, ast.Name) and one.id == name:
                    yield value


def _states(tree: ast.Module) -> Iterator[str]:
    """Tables of what a state of stamps refuses: ``{StampState.VOID: "already_void"}``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                of_state = isinstance(key, ast.Attribute) and getattr(key.value, "id", "")
                if of_state == "StampState" and isinstance(value, ast.Constant):
                    yield str(value.value)
