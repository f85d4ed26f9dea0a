"""What the OpenAPI documents of all services have in common, added to what the code describes.

Pure: a document in, the same document completed. Every operation names its errors, each an
``application/problem+json`` (RFC 9457), its operationId, and whether it needs a key.
"""

import re
from collections.abc import Iterator
from typing import Any

from tem.advice import Advice, Check
from tem.http import openapi_answers
from tem.vocabulary import Note, Verdict

Document = dict[str, Any]
# Words that stand in several answers: a component each, so that a generated client has one type.
WORDS = {kind.__name__: [str(word) for word in kind] for kind in (Verdict, Note, Advice, Check)}
METHODS = ("get", "post", "patch", "delete")
FILE: Document = {"type": "string", "format": "binary"}  # the schema of a download
PROBLEM: Document = {
    "type": "object",
    "description": "What went wrong, and what to do next (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "urn:tem:problem: and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "description": "stable: programs decide by it"},
        "detail": {"type": "string", "description": "for people: what to do next"},
        "instance": {"type": "string", "description": "the path that was asked"},
        "request_id": {"type": "string", "description": "names this request in logs and audit"},
        "errors": {
            "type": "array",
            "description": "the fields at fault",
            "items": {
                "type": "object",
                "required": ["pointer", "code"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901)"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "example": {
        "type": "urn:tem:problem:no_such_batch",
        "title": "No such batch",
        "status": 404,
        "code": "no_such_batch",
        "detail": "There is no batch 12 of yours.",
        "instance": "/v1/batches/12",
        "request_id": "5f0c5e9d2a7b4c11",
    },
}
ERRORS = {
    400: "It could not be read: not JSON by RFC 8259, a broken body, no Idempotency-Key.",
    401: "No key, or one that is not valid.",
    403: "This key's role may not do it.",
    404: "Not there, or not yours.",
    405: "Not a method of this path.",
    409: "Understood, but the present state refuses it.",
    410: "It was here and has been destroyed on purpose.",
    412: "It has changed since you read it (If-Match).",
    413: "Larger than this call takes.",
    415: "Not a media type of this call.",
    422: "A field or a rule is broken; `errors` names the fields.",
    429: "Too often: send the same request again after Retry-After seconds.",
    503: "It cannot be answered now: send the same request again after Retry-After seconds.",
}
# Members that mean the same wherever they stand, for examples of bodies.
_NAMED = {
    "producer_id": "HT-P001",
    "product_id": "HT-SP001",
    "pos_id": "HT-DB01",
    "name": "Nước mắm Sóng Lam (mẫu)",
    "address": {"full": "Thôn Bắc, Tỉnh Hà Tĩnh", "commune_code": "18073"},
    "certified_no": "12/2026 (mẫu)",
    "contract_no": "12/2026/HĐ (mẫu)",
    "note": "Tem còn dùng được (mẫu)",
    "quantity": 98,
    **dict.fromkeys(
        ("decision_date", "production_date", "certified_on", "signed_on", "valid_until"),
        "2026-11-20",
    ),
}
_REQUEST_ID = {
    "description": "names this request in logs and audit trail",
    "schema": {"type": "string"},
}
# draft-ietf-httpapi-ratelimit-headers, of calls that are charged.
RATE_LIMIT: Document = {
    "RateLimit-Policy": {
        "description": "what may be asked: `q` look-ups in `w` seconds",
        "schema": {"type": "string", "example": '"look-ups";q=600;w=60'},
    },
    "RateLimit": {
        "description": "what is left: `r` look-ups at once, all of them after `t` seconds",
        "schema": {"type": "string", "example": '"look-ups";r=600;t=0'},
    },
}


def complete(document: Document, *, signed_in: bool) -> Document:
    """The document with errors, ids and security of every operation."""
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    schemas.pop("Error", None)
    schemas["Problem"] = PROBLEM
    _anchor(document)
    schemas |= {name: {"type": "string", "enum": WORDS[name]} for name in sorted(_share(document))}
    parts["responses"] = {f"Problem{code}": _response(code) for code in ERRORS}
    parts["responses"]["Problem"] = _response(None)
    if not signed_in:
        parts["responses"]["Problem429"]["headers"] |= RATE_LIMIT
    document.setdefault("servers", [{"url": "/", "description": "where this document came from"}])
    for path, method, operation in operations(document):
        operation.setdefault("operationId", _operation_id(method, path))
        operation.setdefault("security", _security(path, signed_in))
        answers = operation.setdefault("responses", {})
        for code in _errors(method, path, operation, signed_in):
            answers[str(code)] = {"$ref": f"#/components/responses/Problem{code}"}
        answers["default"] = {"$ref": "#/components/responses/Problem"}
        charged = RATE_LIMIT if "429" in answers and not signed_in else {}
        for code, answer in answers.items():
            if code.isdigit() and "$ref" not in answer:
                named = answer.setdefault("headers", {})
                named |= {"X-Request-Id": _REQUEST_ID, **charged}
        _exemplify(operation, schemas)
    _link(document, schemas)
    openapi_answers.leave_open(document)
    return document


def _exemplify(operation: Document, schemas: Document) -> None:
    """A body as short as it may be, where the schema's own examples suffice to make one."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "schema" in body and not {"example", "examples"} & body.keys():
        found = _example(body["schema"], schemas)
        if found:
            body["example"] = found


def _example(schema: Document, schemas: Document) -> Any:
    """An example of a schema: its own, or made of its required members'; None if it has none."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    if "example" in schema:
        return schema["example"]
    if schema.get("enum"):
        return schema["enum"][0]
    if "items" in schema:
        one = _example(schema["items"], schemas)
        return None if one is None else [one]
    if "properties" not in schema:
        return None
    parts = {
        name: _example(schema["properties"][name], schemas) or _NAMED.get(name)
        for name in schema.get("required", [])
    }
    return None if None in parts.values() else parts or None


def _link(document: Document, schemas: Document) -> None:
    """What an answer names leads on: what was made to the calls about it, a batch to its own.

    A member ``order_id`` of what ``/v1/orders`` answers is the ``id`` of ``/v1/orders/{id}…``.
    """
    for path, _, operation in operations(document):
        collection = path.split("/{")[0]
        own = collection.rsplit("/", 1)[1].removesuffix("s") + "_id"
        for code, answer in operation["responses"].items():
            named = _members(answer, schemas) if code.startswith("2") else set()
            links: Document = {}
            if own in named:
                links |= _links(document, collection + "/{id}", "id", own)
            if "batch" in named:
                links |= _links(document, "/v1/batches/{number}", "number", "batch")
            links.pop(operation["operationId"], None)
            if links:
                answer["links"] = links


def _members(answer: Document, schemas: Document) -> set[str]:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    return set(schema.get("properties", {}))


def _links(document: Document, under: str, parameter: str, member: str) -> Document:
    """A link to each call about one thing, which an answer names in a member."""
    parameters = {parameter: f"$response.body#/{member}"}
    return {
        operation["operationId"]: {
            "operationId": operation["operationId"],
            "parameters": parameters,
        }
        for path, _, operation in operations(document)
        if path == under or path.startswith(under + "/")
    }


def _anchor(part: Any) -> None:
    """Patterns as JSON Schema writes them: ours match from the start, and end in Python's \\Z."""
    if isinstance(part, dict):
        pattern = part.get("pattern")
        if isinstance(pattern, str) and pattern.endswith("\\Z"):
            part["pattern"] = f"^(?:{pattern[:-2]})$"
        for inner in part.values():
            _anchor(inner)
    elif isinstance(part, list):
        for inner in part:
            _anchor(inner)


def _share(part: Any) -> set[str]:
    """Refer to :data:`WORDS` in place of each list of the same; their names, as far as used."""
    if isinstance(part, list):
        return {name for inner in part for name in _share(inner)}
    if not isinstance(part, dict):
        return set()
    found = {name for inner in part.values() for name in _share(inner)}
    for name, words in WORDS.items():
        if part.get("enum") == words:
            del part["enum"]
            part.pop("type", None)
            part["$ref"] = f"#/components/schemas/{name}"
            found.add(name)
    return found


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path, method and operation, one after the other."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _operation_id(method: str, path: str) -> str:
    """``get_v1_lots_id``: one word for each call, for those who generate clients."""
    return f"{method}_" + re.sub(r"[^A-Za-z0-9]+", "_", path).strip("_")


def _security(path: str, signed_in: bool) -> list[Document]:
    if not path.startswith("/v1/"):
        return []
    return [{"key": []}] if signed_in else [{}, {"key": []}]


def _errors(method: str, path: str, operation: Document, signed_in: bool) -> list[int]:
    """Which errors a call can give; what the code names itself is kept."""
    codes = {405, 503} | {int(c) for c in operation["responses"] if c.isdigit() and c >= "400"}
    if path.startswith("/v1/"):
        codes |= {401}
    if signed_in:
        codes |= {403}
    if "{" in path:
        codes |= {404}
    if method != "get":
        codes |= {400, 409, 413, 415, 422} if signed_in else {400, 413, 415, 422}
    if "parameters" in operation:
        codes |= {422}
    if method == "patch":
        codes |= {412}
    return sorted(codes)


def _response(code: int | None) -> Document:
    described: Document = {
        "description": ERRORS[code] if code else "Any other error, in the same shape.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
        "headers": {"X-Request-Id": _REQUEST_ID},
    }
    if code in (429, 503):
        described["headers"]["Retry-After"] = {
            "description": "seconds",
            "schema": {"type": "integer"},
        }
    if code == 401:
        described["headers"]["WWW-Authenticate"] = {"schema": {"type": "string"}}
    if code == 405:
        described["headers"]["Allow"] = {"schema": {"type": "string"}}
    return described
