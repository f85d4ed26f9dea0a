"""What the verifier cannot tell now is said as such: it is not none, and not a fault of a form."""

from tem.http.inside import Refused
from tem_registry.portal import wording
from tem_registry.portal.visits import Visit

_UNAVAILABLE = 503


def why(at: Visit, refused: Refused) -> str:
    """Why look-ups or reports are not known now. Raises any other refusal again."""
    if refused.status != _UNAVAILABLE:
        raise refused
    return wording.refusal(at.lang, refused.code, refused.detail, refused.problem)
