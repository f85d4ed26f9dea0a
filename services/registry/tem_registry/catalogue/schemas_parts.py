"""What records of the catalogue are made of: addresses, consent, standing; and what is derived."""

import re
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from tem.http.wire import Strict
from tem.vocabulary import ProducerStatus
from tem_registry.fields import DERIVED, Day, Flag, Words

COMMUNE_CODE = validate.Regexp(re.compile(r"\d{5}\Z", re.ASCII))
PROVINCE_CODE = validate.Regexp(re.compile(r"\d{2}\Z", re.ASCII))


def derived(description: str = "", **more: Any) -> dict[str, Any]:
    """The metadata of a field that the registry works out."""
    told = f"{description}; {DERIVED}" if description else DERIVED
    return {"description": told, "readOnly": True, **more}


class Recorded(Strict):
    """A record: what the registry works out is shown, and left out when it is sent back."""

    @post_load
    def leave_out_derived(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """So that what GET gave can be changed and sent as it is."""
        return {k: v for k, v in data.items() if not self._is_derived(k)}

    def _is_derived(self, name: str) -> bool:
        return name in self.fields and bool(self.fields[name].metadata.get("readOnly"))


class Address(Strict):
    """An address since 01/07/2025: two levels, commune code of QĐ 19/2025/QĐ-TTg."""

    line = Words(200, metadata={"example": "Tổ dân phố Tam Hải"})
    commune_code = fields.String(
        validate=COMMUNE_CODE,
        metadata={"description": "one of /v1/communes in province 42", "example": "18781"},
    )
    commune = Words(
        100, metadata={"description": "left out: as the code says", "example": "Phường Hải Ninh"}
    )
    province_code = fields.String(validate=PROVINCE_CODE, metadata={"example": "42"})
    province = Words(100, metadata={"example": "Tỉnh Hà Tĩnh"})
    valid_from = Day(metadata={"description": "its first day; left out in a change: today"})
    full = Words(
        400,
        metadata={
            "description": "as it is printed; left out: line, commune, province",
            "example": "Tổ dân phố Tam Hải, Phường Hải Ninh, Tỉnh Hà Tĩnh",
        },
    )

    @validates_schema
    def somewhere(self, data: dict[str, Any], **_: Any) -> None:
        """It is given in full, or says at least which commune it lies in."""
        if not {"full", "commune", "commune_code"} & data.keys():
            raise ValidationError("Give it in full, or its commune_code or commune.", "full")


class FormerAddress(Strict):
    """An address as it was printed before 01/07/2025."""

    line = Words(200)
    commune = Words(100)
    district = Words(100)
    province = Words(100)
    full = Words(400, required=True)


class PastAddress(FormerAddress):
    """An address that was given up, exactly as it was, and its last day."""

    commune_code = fields.String()
    province_code = fields.String()
    valid_from = Day()
    valid_to = Day()


def past_addresses() -> fields.Field[Any]:
    """The field for all former addresses, oldest first."""
    return fields.List(fields.Nested(PastAddress), metadata=derived("oldest first"))


class Consent(Strict):
    """A person's consent to be shown (Law 91/2025/QH15); withdrawing it takes effect at once."""

    representative = Flag(
        required=True, metadata={"description": "to showing the representative's name"}
    )
    contact = Flag(
        required=True, metadata={"description": "to showing a household's phone, e-mail and place"}
    )
    given_on = Day(required=True)
    withdrawn_on = Day(allow_none=True)
    evidence = Words(500, allow_none=True, metadata={"description": "where it is kept"})


class StatusTurn(Strict):
    """A status and the day from which it counts."""

    status = fields.String(validate=validate.OneOf([str(s) for s in ProducerStatus]))
    since = Day()
