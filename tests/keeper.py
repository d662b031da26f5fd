"""Keep one throw-away cluster alive as long as a test process holds its lock, then remove it.

A process of its own, because no test process may outlive the others; and the kernel gives back the lock of a
killed one, so a killed test run leaves neither server nor files.
"""

import fcntl
import sys
from pathlib import Path

from app.core.errors import SetupError
from app.store.cluster import Cluster


def main(home: Path, users: Path) -> None:
    """Start the cluster, say so, and wait until nobody holds `users` any more."""
    try:
        cluster = Cluster(home, fast=True)
        cluster.start()
    except SetupError as error:
        sys.exit(error.message)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with users.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cluster.remove()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
