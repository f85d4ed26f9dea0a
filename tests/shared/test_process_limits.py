"""What a process asks of Linux for itself."""

import subprocess
import sys

PROGRAM = """
import resource
from tem.process import allow_open_files
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
allow_open_files()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
"""


def test_a_process_may_open_as_many_files_as_the_system_allows() -> None:
    """A soft limit of 64 becomes the hard one: a verifier holds a file for each batch's table."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
