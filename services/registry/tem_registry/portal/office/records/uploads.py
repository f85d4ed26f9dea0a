"""Files that a form brings: kept by the API under an id of their content."""

from flask import request

from tem.http.inside import Refused
from tem_registry.portal.forms import Form
from tem_registry.portal.visits import Visit

MOST_BYTES = 5 * 1024 * 1024 + 64 * 1024  # a file of the API's limit, and the form around it
PICTURES = ("image/jpeg", "image/png", "image/webp")
TYPES = (*PICTURES, "application/pdf")


def kept(at: Visit, form: Form, name: str, types: tuple[str, ...]) -> str | None:
    """The id under which a field's file is kept; None where none was chosen, or it is refused,
    which is marked in the form."""
    sent = request.files.get(name)
    content = sent.read() if sent else b""
    if sent is None or not content:
        return None
    if sent.mimetype not in types:
        pdf = " hoặc PDF" if len(types) > len(PICTURES) else ""
        form.fault(
            name,
            f"Chỉ nhận ảnh JPEG, PNG, WebP{pdf}, tối đa 5 MB.",
            f"Send a JPEG, PNG or WebP picture{', or a PDF' if pdf else ''}, of 5 MB at most.",
        )
        return None
    try:
        stored = at.api.send("/v1/files", content, sent.mimetype)
    except Refused as refused:
        form.refuse(refused)
        form.faults.setdefault(name, form.refusal)
        return None
    return str(stored["file_id"])
