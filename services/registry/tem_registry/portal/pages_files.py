"""Pictures and papers that pages show: the bytes the API gives, under an address of the pages."""

from flask import Response, request

from tem.vocabulary import Role
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

EVERYBODY = (Role.PRODUCER, Role.OFFICE, Role.AUDITOR)
_PASSED_ON = ("Content-Type", "Content-Disposition", "Content-Security-Policy", "ETag")


def add(portal: Portal) -> None:
    """Add the address."""

    @portal.page("/files/<id:id>", *EVERYBODY)
    def file(at: Visit, id: str) -> Response:
        held = request.headers.get("If-None-Match")
        asked = {"If-None-Match": held} if held else {}
        found = at.api.ask("GET", f"/v1/files/{id}", headers=asked)
        response = Response(found.content, found.status)
        for name in _PASSED_ON:
            if name in found.headers:
                response.headers[name] = found.headers[name]
        response.headers["Cache-Control"] = "private, no-cache"
        return response
