"""Files: told by their content, kept by it, seen by those they concern."""

import hashlib
import io
from typing import Any

import pytest
from tests.registry.pictures import GPS_NEEDLE, pdf, photo_with_place, picture
from tests.registry.records import Register, product
from tests.registry.signed_in import Api, api_over, problem
from werkzeug.test import TestResponse

from tem.databases import published
from tem.errors import Invalid
from tem_registry import tables
from tem_registry.files import files
from tem_registry.files.file_types import MAX_FILE_BYTES, TYPES, id_of, is_whole_pdf, type_of

JPEG, PNG, WEBP = (picture(kind) for kind in ("JPEG", "PNG", "WEBP"))
PDF = pdf()


@pytest.fixture
def api(register: Register) -> Api:
    """The app over a small register."""
    return api_over(register)


def send(
    api: Api,
    content: bytes,
    kind: str | None = "image/jpeg",
    who: str | None = "office",
    **headers: str,
) -> TestResponse:
    """POST /v1/files."""
    return api.client.post(
        "/v1/files",
        data=content,
        content_type=kind,
        headers={**api.headers(who), **headers},
    )


def send_in_pieces(api: Api, content: bytes) -> TestResponse:
    """The same without telling its length before, as chunked senders do."""
    return api.client.post(
        "/v1/files",
        input_stream=io.BytesIO(content),
        content_type="image/jpeg",
        headers={**api.headers("office"), "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (WEBP, "image/webp"),
        (PDF, "application/pdf"),
        (b"", None),
        (b"GIF89a", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<!doctype html><script>", None),
        (b" " + PDF, None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"%PDF-9", None),
    ],
)
def test_the_content_tells_the_type(content: bytes, expected: str | None) -> None:
    """Only the first bytes decide, and what is none of the four types has none."""
    assert type_of(content) == expected


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        (PDF, True),
        (PDF + b"\r\n", True),
        (pdf(b"x" * 5000), True),
        (b"%PDF-1.5\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF", True),
        (PDF[:-7], False),
        (PDF[:60], False),
        (PDF + b"<script>" + b" " * 2000, False),
        (PDF.replace(b"startxref\n42", b"startxref\n43"), False),
        (b"%PDF-1.7\nstartxref\n999999999\n%%EOF", False),
        (b"%PDF-1.7 startxref %%EOF", False),
    ],
)
def test_a_pdf_leads_to_its_table(content: bytes, whole: bool) -> None:
    """A PDF that is cut off, or whose trailer leads nowhere, is not whole."""
    assert is_whole_pdf(content) is whole


@pytest.mark.parametrize(
    ("content", "claimed", "code"),
    [
        (b"hello", "image/png", "file_type_unknown"),
        (PNG, "image/jpeg", "file_type_differs"),
        (JPEG, "application/pdf", "file_type_differs"),
        (PDF[:-7], "application/pdf", "file_not_readable"),
        (JPEG[: len(JPEG) // 2], "image/jpeg", "file_not_readable"),
        (PNG[:40], "image/png", "file_not_readable"),
        (WEBP[:30], "image/webp", "file_not_readable"),
        (b"\xff\xd8\xff" + b"\0" * 500, "image/jpeg", "file_not_readable"),
    ],
)
def test_what_is_not_what_it_claims_is_refused(content: bytes, claimed: str, code: str) -> None:
    """Another type, a broken file: each is told by its own code."""
    with pytest.raises(Invalid) as refused:
        files.read(content, claimed)
    assert refused.value.code == code


@pytest.mark.parametrize("size", [(5000, 4001), (10_000, 9_500)])
def test_a_picture_of_too_many_pixels_is_refused(size: tuple[int, int]) -> None:
    """However small its file is: drawing it would take hundreds of megabytes."""
    with pytest.raises(Invalid) as refused:
        files.read(picture("PNG", size), "image/png")
    assert refused.value.code == "image_too_large"


@pytest.mark.parametrize(
    ("content", "kind"),
    list(zip((JPEG, PNG, WEBP, PDF), TYPES, strict=True)),
)
def test_a_file_is_kept_and_given_back(api: Api, content: bytes, kind: str) -> None:
    """Its id is made of its bytes, and it comes back as they were, under safe headers."""
    stored = send(api, content, kind)
    id = "F-" + hashlib.sha256(content).hexdigest()[:32]
    assert (stored.status_code, stored.json) == (
        201,
        {"file_id": id, "content_type": kind, "size": len(content)},
    )
    got = api.get(f"/v1/files/{id}")
    assert (got.status_code, got.data, got.content_type) == (200, content, kind)
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    how = "attachment" if kind == "application/pdf" else "inline"
    assert got.headers["Content-Disposition"].startswith(f'{how}; filename="{id}.')
    known = {**api.headers("office"), "If-None-Match": got.headers["ETag"]}
    again = api.client.get(f"/v1/files/{id}", headers=known)
    assert (again.status_code, again.data) == (304, b"")
    assert api.register.faults() == []


def test_the_same_bytes_are_one_file(api: Api) -> None:
    """Sent again, with or without a key, a file is kept once and told of once."""
    first = send(api, JPEG, **{"Idempotency-Key": "f1"})
    assert send(api, JPEG, **{"Idempotency-Key": "f1"}).json == first.json
    assert send(api, JPEG, **{"Idempotency-Key": "f2"}).json == first.json
    assert send(api, JPEG).json == first.json
    assert problem(send(api, PNG, "image/png", **{"Idempotency-Key": "f1"}), 422)
    assert len(api.register.rows(tables.stored_file)) == 1
    assert api.register.actions().count("file.stored") == 1


def test_who_may_send_and_see(api: Api) -> None:
    """A producer sees what it sent and what its products name; the office and auditor see all."""
    assert problem(send(api, JPEG, who=None), 401) == "key_missing"
    assert problem(send(api, JPEG, who="auditor"), 403) == "role_not_allowed"
    sent = send(api, JPEG, who="P1").json["file_id"]
    office = send(api, PNG, "image/png").json["file_id"]

    def seen(who: str) -> list[int]:
        return [api.get(f"/v1/files/{id}", who).status_code for id in (sent, office)]

    assert {who: seen(who) for who in ("office", "auditor", "P1", "P2")} == {
        "office": [200, 200],
        "auditor": [200, 200],
        "P1": [200, 404],
        "P2": [404, 404],
    }
    assert problem(api.get(f"/v1/files/{sent}", "P2"), 404) == "no_such_file"
    assert send(api, JPEG, who="P2").status_code == 201
    api.register.change("product", "SP1", image=office)
    assert (seen("P1"), seen("P2")) == ([200, 200], [200, 404])
    report = {"report_no": "KN-1", "file": office}
    api.register.change("product", "SP3", quality_test=report)
    assert seen("P2") == [200, 200]


@pytest.mark.parametrize("kind", ["application/json", "image/gif", "multipart/form-data", None])
def test_other_media_types_are_refused(api: Api, kind: str | None) -> None:
    """A body that is not named as one of the four types is not read."""
    assert problem(send(api, JPEG, kind), 415) == "unsupported_media_type"


def test_sizes_that_are_refused(api: Api) -> None:
    """Nothing, and more than 5 MiB, is refused; other calls keep their own limit."""
    assert problem(send(api, b""), 422) == "file_empty"
    large = JPEG + b"\0" * (MAX_FILE_BYTES + 1 - len(JPEG))
    response = send(api, large)
    assert problem(response, 413) == "request_entity_too_large"
    assert response.headers["Connection"] == "close"
    assert response.json["detail"] == "Send at most 5242880 bytes (5120 KiB) in this call."
    assert problem(send_in_pieces(api, large), 413) == "request_entity_too_large"
    assert send_in_pieces(api, large[:-1]).status_code == 201
    body = b'{"name": "' + b"x" * 70_000 + b'"}'
    assert problem(api.raw("/v1/products", body), 413) == "request_entity_too_large"
    assert len(api.register.rows(tables.stored_file)) == 1


def test_a_refused_file_leaves_nothing(api: Api) -> None:
    """Neither bytes nor an audit entry stay of what was refused."""
    before = api.register.everything()
    assert problem(send(api, PNG), 422) == "file_type_differs"
    assert problem(send(api, b"\xff\xd8\xff\0"), 422) == "file_not_readable"
    assert api.register.everything() == before


@pytest.mark.parametrize("id", ["F-x", "..", "F-" + "0" * 32, "F-" + "g" * 32, "%00", "a" * 64])
def test_ids_that_name_no_file(api: Api, id: str) -> None:
    """Whatever stands where a file's id belongs finds nothing and breaks nothing."""
    assert problem(api.get(f"/v1/files/{id}"), 404)


MISSING = "F-" + "0" * 32


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"image": MISSING}, "unknown_reference"),
        ({"quality_test": {"report_no": "1", "file": MISSING}}, "unknown_reference"),
        ({"image": id_of(PDF)}, "file_not_an_image"),
    ],
)
def test_products_name_files_that_are_there(api: Api, fields: Any, code: str) -> None:
    """A file that was never sent, or a PDF as picture, is refused when added and when changed."""
    send(api, PDF, "application/pdf")
    assert problem(api.send("/v1/products", {**product("SPX", "P1"), **fields}), 422) == code
    assert problem(api.send("/v1/products/SP1", fields, method="PATCH"), 422) == code


def test_the_upload_is_kept_with_its_metadata_and_never_published(api: Api) -> None:
    """The record has what was sent; the published tables have nothing of the place in it."""
    photo = photo_with_place()
    id = send(api, photo).json["file_id"]
    api.register.change("product", "SP1", image=id)
    assert GPS_NEEDLE in api.get(f"/v1/files/{id}").data
    shown = [api.register.rows(table) for table in published.metadata.sorted_tables]
    values = [value for rows in shown for row in rows for value in row.values()]
    pictures = [value for value in values if isinstance(value, bytes)]
    assert any(content.startswith(b"\xff\xd8\xff") for content in pictures)
    assert not any(GPS_NEEDLE in content for content in pictures)


def test_damage_is_found(api: Api) -> None:
    """fsck tells of a file whose bytes are not those it is named by."""
    id = send(api, JPEG).json["file_id"]
    with api.register.write() as connection:
        connection.execute(tables.stored_file.update().values(content=b"other"))
    assert api.register.faults() == [f"file {id} is not what was sent"]
