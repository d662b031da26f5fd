"""A PostgreSQL server of our own: the programs that are installed (programs), and a cluster that they run (server)."""

from app.store.cluster.programs import OLDEST_MAJOR, OLDEST_POSTGIS, find_binaries, program_folders
from app.store.cluster.server import LONGEST_SOCKET_PATH, SUPERUSER, Cluster

__all__ = [
    "LONGEST_SOCKET_PATH",
    "OLDEST_MAJOR",
    "OLDEST_POSTGIS",
    "SUPERUSER",
    "Cluster",
    "find_binaries",
    "program_folders",
]
