"""Pictures of products, read from the published tables when somebody asks: never on a look-up."""

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from tem.databases import published
from tem.databases.database import reading
from tem.errors import Unavailable

SHOWN = "image/jpeg"  # the registry draws every picture anew in this one format


def find(source: Engine, id: str) -> bytes | None:
    """A picture by the SHA-256 of its bytes, or None. Raises Unavailable if it cannot be read."""
    c = published.image.c
    query = select(c.content).where(c.id == id, c.content_type == SHOWN)
    try:
        with reading(source) as connection:
            content = connection.execute(query).scalar()
    except SQLAlchemyError as error:
        raise Unavailable(
            "picture_unavailable", "The picture cannot be read now: ask again."
        ) from error
    return None if content is None else bytes(content)
