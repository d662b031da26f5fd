"""The kernel against other engines, against the least a sort and a look-up cost, and against the worst of data.

All in CPU time of one process that takes turns, so that only ratios count and a busy machine hits all alike. The
floor is a radix argsort of ready-made cell keys and one gather of the coordinates in that order; the gather is
measured as `xy[rows]` and as the faster `xy.take(rows)`. --long adds five million incidents.
"""

import ctypes
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import dbscan as parallel
import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from app.core.analysis import kernel
from app.core.analysis.dbscan import GIB, decimetres, eps_dm, find_clusters
from app.core.analysis.kernel import grid
from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates
from tests.bench import towns

RULE = ClusterRule(eps_m=75, min_incidents=10)
SIZES = (10_000, 100_000, 1_000_000)
LONG_SIZE = 5_000_000
ROUNDS = 9
SLOW_ROUNDS = 3  # of engines that take seconds
SLOW_SIZE = 1_000_000
CHECKOUT = Path(__file__).resolve().parents[2]
Engine = Callable[[Coordinates], Any]


def ours(xy: Coordinates) -> Any:
    """The kernel, through the door."""
    return find_clusters(xy, RULE, border="sklearn", engine="kernel").labels


def scikit_learn(xy: Coordinates) -> Any:
    """Plain, on the same places."""
    return DBSCAN(eps=eps_dm(RULE), min_samples=RULE.min_incidents, algorithm="kd_tree").fit(decimetres(xy)).labels_


def merged(xy: Coordinates) -> Any:
    """scikit-learn with equal places merged and weighed: the fallback."""
    return find_clusters(xy, RULE, border="sklearn", engine="scikit-learn", memory_limit_bytes=64 * GIB).labels


def parallel_dbscan(xy: Coordinates) -> Any:
    """The package `dbscan`; only its cores are comparable."""
    return parallel.DBSCAN(decimetres(xy), eps=float(eps_dm(RULE)), min_samples=RULE.min_incidents)[0]


ENGINES: dict[str, Engine] = {"scikit-learn": scikit_learn, "merged": merged, "dbscan (PyPI)": parallel_dbscan}


def cpu_s(acts: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The median CPU seconds of some acts that take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            start = time.process_time()
            act()
            seconds[name].append(time.process_time() - start)
    return {name: median(values) for name, values in seconds.items()}


def floor_s(xy: Coordinates) -> dict[str, float]:
    """The kernel and the parts of its floor."""
    where = grid.grid_of(xy, eps_dm(RULE))
    bits = grid.row_bits(len(xy))
    keys = np.empty(len(xy), np.int64)
    grid.write_keys(kernel._read_only(xy), where.west, where.south, where.side, where.height, bits, keys)
    room, spare = np.empty_like(keys), np.empty_like(keys)

    def sort() -> Any:
        return grid.sorted_by_key(room, spare, bits, where.key_bits)

    room[:] = keys
    rows = sort()[0] & ((1 << bits) - 1)
    seconds: dict[str, list[float]] = {name: [] for name in ("ours", "sort", "gather", "take")}
    for _ in range(ROUNDS):
        room[:] = keys
        for name, act in (
            ("ours", lambda: ours(xy)),
            ("sort", sort),
            ("gather", lambda: xy[rows]),
            ("take", lambda: xy.take(rows, axis=0)),
        ):
            start = time.process_time()
            act()
            seconds[name].append(time.process_time() - start)
    return {name: median(values) for name, values in seconds.items()}


def peak_bytes(kind: str, n: int) -> int:
    """What a call takes at its peak besides its input, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_analysis", kind, str(n)],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(told.stdout)


def data(kind: str, n: int) -> Coordinates:
    """Incidents of one kind."""
    rng = np.random.default_rng(6)
    kinds: dict[str, Callable[[], Coordinates]] = {
        "mix": lambda: towns.mix(n),
        "one address": lambda: towns.one_address(n),
        "one disc": lambda: towns.disc(n, RULE.eps_m),
        "lonely": lambda: rng.uniform(0, 200 * math.sqrt(n), (n, 2)),
    }
    return kinds[kind]()


@pytest.mark.bench
def test_the_kernel_against_other_engines_and_its_floor(pytestconfig: pytest.Config) -> None:
    kernel.warm_up()
    sizes = SIZES + ((LONG_SIZE,) if pytestconfig.getoption("--long") else ())
    rows = [measured(n) for n in sizes]
    first, last = rows[0], rows[-1]
    exponent = math.log(last["ours_s"] / first["ours_s"]) / math.log(last["n"] / first["n"])
    memory = {f"{kind}, {n:,}": peak_bytes(kind, n) / n for kind, n in peaks(sizes[-1])}
    tell(rows, exponent, memory, against_crowds(), as_json=pytestconfig.getoption("--json"))


def peaks(largest: int) -> list[tuple[str, int]]:
    """Where memory is measured."""
    million = 1_000_000
    return [("mix", million), ("mix", largest), ("lonely", million), ("one disc", million), ("one address", million)]


def measured(n: int) -> dict[str, Any]:
    """One size: seconds of ours, and everything else as a multiple."""
    xy = data("mix", n)
    labels = ours(xy)
    floor = floor_s(xy)
    row: dict[str, Any] = {"n": n, "ours_s": floor["ours"]}
    row["of floor"] = floor["ours"] / (floor["sort"] + floor["gather"])
    row["of floor, take"] = floor["ours"] / (floor["sort"] + floor["take"])
    for name, engine in ENGINES.items():
        is_slow = n >= SLOW_SIZE and engine is not parallel_dbscan
        if n > SLOW_SIZE and is_slow:
            continue
        if engine is not parallel_dbscan:
            np.testing.assert_array_equal(engine(xy), labels)
        seconds = cpu_s(
            {"ours": lambda: ours(xy), "other": lambda e=engine: e(xy)},
            1 if is_slow else ROUNDS if n < SLOW_SIZE // 10 else SLOW_ROUNDS,
        )
        row[name] = seconds["other"] / seconds["ours"]
    return row


def against_crowds() -> dict[str, float]:
    """One busy address and worse, each as a multiple of as many incidents spread over a town."""
    spread = {n: towns.mix(n) for n in (200_000, 40_000)}
    crowds = {
        "200k at one address": (towns.one_address(200_000), 200_000),
        "200k distinct within one eps disc": (towns.disc(200_000, RULE.eps_m), 200_000),
        "20k + 20k in corners whose boxes nearly touch": (towns.corners(20_000, RULE.eps_m), 40_000),
        "20k + 20k on an arc just beyond eps": (towns.arc(20_000, RULE.eps_m), 40_000),
    }
    acts = {name: (lambda xy=xy: ours(xy)) for name, (xy, _) in crowds.items()}
    seconds = cpu_s(acts | {str(n): (lambda xy=xy: ours(xy)) for n, xy in spread.items()}, ROUNDS)
    return {name: seconds[name] / seconds[str(n)] for name, (_, n) in crowds.items()}


def tell(
    rows: list[dict[str, Any]], exponent: float, memory: dict[str, float], crowds: dict[str, float], *, as_json: bool
) -> None:
    """The table, and the same as JSON."""
    names = ["of floor", "of floor, take", *ENGINES]
    lines = [
        "Times as long as our kernel takes; for the floor, how many times the floor our kernel takes",
        f"{'incidents':>12}{'ours, ms':>10}" + "".join(f"{name:>16}" for name in names),
        *(
            f"{row['n']:12,}{1000 * row['ours_s']:10.2f}"
            + "".join(f"{row[name]:16.2f}" if name in row else f"{'–':>16}" for name in names)
            for row in rows
        ),
        f"growth exponent {exponent:.2f}",
        "Peak memory besides the input, bytes an incident",
        *(f"  {name:48}{figure:8.1f}" for name, figure in memory.items()),
        "Crowds, times as long as as many incidents spread over a town",
        *(f"  {name:48}{figure:8.2f}" for name, figure in crowds.items()),
    ]
    if as_json:
        lines.append(json.dumps({"sizes": rows, "exponent": exponent, "bytes_an_incident": memory, "crowds": crowds}))
    sys.stdout.write("\n" + "\n".join(lines) + "\n")


def _peak_of_this_process(kind: str, n: int) -> int:
    xy = data(kind, n)
    kernel.warm_up()
    ctypes.CDLL(None).malloc_trim(0)  # what making the data left free would hide what the call takes
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before = _status("VmRSS")
    find_clusters(xy, RULE, engine="kernel")
    return _status("VmHWM") - before


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    sys.stdout.write(str(_peak_of_this_process(sys.argv[1], int(sys.argv[2]))))
