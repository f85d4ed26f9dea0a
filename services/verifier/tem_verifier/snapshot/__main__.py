"""``python -m tem_verifier.snapshot``: make the snapshot of the installation in the environment."""

import sys

from tem_verifier.snapshot.making import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
