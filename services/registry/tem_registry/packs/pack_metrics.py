"""What the follower tells of packs. Times are Unix times, 0 where there is none."""

from typing import Final

from prometheus_client import Gauge

from tem import metrics  # noqa: F401 - metrics says where numbers are kept

MODE: Final = "mostrecent"  # one process tells them

MADE = Gauge(
    "tem_registry_pack_made_timestamp_seconds",
    "When the last offline pack was made; 0 if none was",
    multiprocess_mode=MODE,
)
BYTES = Gauge(
    "tem_registry_pack_bytes",
    "Size of the newest offline pack: the full frame, and the delta",
    ["frame"],
    multiprocess_mode=MODE,
)
KEY_ENDS = Gauge(
    "tem_registry_pack_key_ends_timestamp_seconds",
    "When the certificate of the pack key ends; 0 if there is no key that is good",
    multiprocess_mode=MODE,
)
