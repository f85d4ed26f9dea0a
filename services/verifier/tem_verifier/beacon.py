"""The picture by which a page that was drawn counts as a scan: one transparent dot.

It is the same for whatever code it is asked for: nobody learns from it which codes exist.
"""

PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff"  # GIF89a, 1 by 1, two colours
    "21f90401000000002c00000000010001000002024401003b"  # the first of them transparent
)
# Beside those every answer carries (:mod:`tem.http.answered`, ``no-store`` among them).
HEADERS = (("Content-Type", "image/gif"), ("Cross-Origin-Resource-Policy", "same-origin"))
