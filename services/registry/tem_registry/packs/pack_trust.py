"""The trust list as tills have it: what they would refuse is found out here."""

import json

from tem import trust
from tem.pack import trust_list
from tem.pack.trust_list import TrustList
from tem.trust import Trust


def as_tills_have_it(believed: Trust) -> TrustList:
    """The same keys, as a till reads them out of ``GET /v1/trust``."""
    document = trust.document(list(believed.keys.values()), believed.sandbox)
    return trust_list.parse(json.dumps(document))
