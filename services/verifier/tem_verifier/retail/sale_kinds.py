"""The words for what a till told of a stamp."""

from enum import StrEnum


class Kind(StrEnum):
    """A sale, a return, or a sale that was refused: the stamp was sold already."""

    SALE = "sale"
    RETURN = "return"
    REFUSED_SALE = "refused_sale"
