"""Many codes at once over HTTP: as JSON, and as a file that is answered line by line."""

import codecs
import functools
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import Response, g, request
from flask.views import MethodView
from flask_smorest import Blueprint
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from tem.databases import patience
from tem.databases.database import reading
from tem.errors import Invalid, TemError
from tem.http import auth, openapi
from tem.http.answered import DATABASE_SECONDS
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_verifier.admission import Admission, problem
from tem_verifier.bulk import Bulk, joined
from tem_verifier.retail.tills import Scope, Till, signed_in, till_of
from tem_verifier.schemas import Answers, Codes
from tem_verifier.streaming.lines import columns
from tem_verifier.streaming.rows import Csv, Form, Ndjson
from tem_verifier.streaming.spooling import MOST_BYTES
from tem_verifier.streaming.stream import LINES_A_STEP, Stream

PATH = "/v1/verifications"
NDJSON, CSV = "application/x-ndjson", "text/csv"
FILES = (NDJSON, CSV)
HEADER_BYTES = 1000  # of a CSV file
# A revoked key is one within 5 seconds, in the midst of a file too.
KEY_SECONDS = 2.0
_FILE = {"schema": openapi.FILE}


@dataclass(frozen=True, slots=True)
class Verifications:
    """What the call is made of."""

    wiring: Wiring
    bulk: Bulk
    admission: Admission

    def admit(self) -> Response | None:
        """Let a bulk call in before its body is read: what is wrong with that may take as long to
        find out. Without a key it is charged for one look-up. A key that is sent must be one, for
        it is charged once it is known for how many codes; wrong ones are charged to the sender."""
        if request.method != "POST" or request.path != PATH:
            return None
        if "Authorization" in request.headers:
            refusal = self.admission.signed_in(self._sign_in, 0)
        else:
            refusal = self.admission.begin()
        return None if refusal is None else problem(refusal)

    def _sign_in(self) -> str:
        g.till = signed_in(self.wiring, Scope.VERIFY)
        return str(g.till.actor)

    def _admitted(self) -> Till | None:
        """Who asks by a key."""
        till: Till | None = g.get("till")
        return till

    def listed(self, codes: list[str]) -> Response:
        """The answers to a list; without a key they are charged to the sender's address."""
        chain = None
        if (till := self._admitted()) is not None:
            refusal = self.admission.retailer.take(till.actor, len(codes))
            if refusal is not None:
                return problem(refusal)
            chain = till.chain
        else:
            self.admission.more(len(codes) - 1)  # one was charged before the body was read
        return Response(joined(self.bulk.told(codes, chain)), content_type="application/json")

    def streamed(self) -> Response:
        """The answers to a file. Raises Unauthenticated without a key."""
        till = self._admitted() or signed_in(self.wiring, Scope.VERIFY)
        if (request.content_length or 0) > MOST_BYTES:
            raise RequestEntityTooLarge(f"Send at most {MOST_BYTES} bytes in one file.")
        file = io.BufferedReader(cast(io.RawIOBase, request.stream), 65536)
        form, read = _form(request.mimetype, file)
        rate = self.admission.retailer.rate
        stream = Stream(
            file,
            form,
            _Key(self, till, request.headers["Authorization"]).told,
            functools.partial(self.admission.wait_for, till.actor),
            read=read,
            at_once=LINES_A_STEP if rate is None else max(1, min(LINES_A_STEP, rate.burst // 4)),
        )
        # The server takes it step by step: nothing may be put around it.
        return Response(stream, content_type=form.content_type, direct_passthrough=True)


class _Key:
    """The key a file was sent with, looked at again while the file is answered."""

    def __init__(self, calls: Verifications, till: Till, authorization: str) -> None:
        self._calls, self._till, self._authorization = calls, till, authorization
        self._seen_at = time.monotonic()

    def told(self, codes: Sequence[str]) -> list[bytes]:
        """The answers to codes. Raises Unauthenticated or Forbidden once the key is no more."""
        patience.seconds.set(DATABASE_SECONDS)  # this is no longer inside the request
        if time.monotonic() - self._seen_at > KEY_SECONDS:
            self._till = _till(self._calls.wiring, self._authorization)
            self._seen_at = time.monotonic()
        return self._calls.bulk.told(codes, self._till.chain)


def _till(wiring: Wiring, authorization: str) -> Till:
    with reading(wiring.engine) as connection:
        principal = auth.authenticate(connection, authorization)
        principal.require(Role.RETAILER)
        till = till_of(connection, principal)
    till.require(Scope.VERIFY)
    return till


def holder(wiring: Wiring, authorization: str) -> str | None:
    """Whose key a file came with; None if it is not worth keeping: what is wrong is said when all
    of it is there."""
    patience.seconds.set(DATABASE_SECONDS)  # this is not yet inside the request
    try:
        return _till(wiring, authorization).actor
    except TemError:
        return None


def _form(kind: str, file: "io.BufferedReader[Any]") -> tuple[Form, int]:
    """How a file is written, and how many lines of it were read to know. Raises Invalid."""
    if file.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
        file.read(len(codecs.BOM_UTF8))
    if kind == NDJSON:
        return Ndjson(), 0
    header = file.readline(HEADER_BYTES + 3).rstrip(b"\r\n")
    found = columns(header) if len(header) <= HEADER_BYTES else None
    if found is None:
        raise Invalid(
            "code_column_missing",
            f"The file's first line, of at most {HEADER_BYTES} bytes, names its columns, with "
            "commas between: one is `code`, and one may be `id`.",
        )
    return Csv(found), 1


def _or_streamed(
    streamed: Callable[[], Response],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view of lists, files apart: those are not parsed as JSON."""

    def around(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def chosen(*args: Any, **kwargs: Any) -> Any:
            if request.is_json or not (request.mimetype or request.content_length):
                return view(*args, **kwargs)
            if request.mimetype not in FILES:
                raise UnsupportedMediaType(
                    f"Send JSON with Content-Type: application/json, or a file as {NDJSON} or "
                    f"{CSV}."
                )
            return streamed()

        return chosen

    return around


def build(calls: Verifications) -> Blueprint:
    """The blueprint of looking up many codes."""
    blp = Blueprint("verifications", __name__, url_prefix="/v1", description="Look-ups")

    @blp.route("/verifications")
    class Many(MethodView):
        @_or_streamed(calls.streamed)
        @blp.arguments(Codes)
        @blp.response(200, Answers)
        @blp.alt_response(401, description="a file without a key, or a key that is none")
        @blp.alt_response(403, description="a key of another role or without the scope `verify`")
        @blp.alt_response(413, description="more than a call takes")
        @blp.alt_response(429, description="too many look-ups")
        @blp.doc(
            summary="Look up at most 1,000 codes, open to all, or with a retailer's key a file of "
            "100,000; changes nothing",
            requestBody={"content": {NDJSON: _FILE, CSV: _FILE}},
            responses={200: {"content": {NDJSON: _FILE, CSV: _FILE}}},
        )
        def post(self, body: dict[str, Any]) -> Any:
            return calls.listed(body["codes"])

    return blp
