"""``python -m tem``: the same as the command ``tem``."""

from tem.cli import main

main()
