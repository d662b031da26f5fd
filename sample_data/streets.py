"""Fill the land between main streets with blocks and side streets, each with its own grid.

A grid is laid over the quarter, warped a little, cut by its border; some neighbouring cells are
merged, which leaves the T-junctions and dead ends that a real small town has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import LineString

from sample_data.geometry import Geometry, joined, lines, middle, polygons
from sample_data.plan import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRule:
    """How the blocks of one style of district look."""

    along_m: float
    across_m: float
    warp_m: float  # how far streets bend
    merge_share: float  # how many inner street pieces are left out
    dead_end_share: float  # how many of those leave a dead end


RULES: dict[Style, GridRule] = {
    "centre": GridRule(along_m=104, across_m=78, warp_m=3, merge_share=0.03, dead_end_share=0.0),
    "mid": GridRule(along_m=128, across_m=84, warp_m=9, merge_share=0.12, dead_end_share=0.2),
    "villa": GridRule(along_m=165, across_m=72, warp_m=30, merge_share=0.17, dead_end_share=0.6),
    "estate": GridRule(along_m=190, across_m=135, warp_m=16, merge_share=0.2, dead_end_share=0.7),
    "school": GridRule(along_m=190, across_m=135, warp_m=16, merge_share=0.2, dead_end_share=0.0),
    "industry": GridRule(along_m=230, across_m=165, warp_m=6, merge_share=0.14, dead_end_share=0.4),
}
LARGEST_BLOCK_M2 = 55_000.0
SLIVER_SHARE = 0.38  # of a grid cell; smaller pieces join a neighbour


@dataclass(frozen=True, slots=True)
class Quarter:
    """The blocks and side streets of one piece of land between main streets."""

    blocks: list[Geometry]
    streets: list[list[Geometry]]  # one list of lines per street: what one name stands on


def fill(quarter: Geometry, rule: GridRule, rng: np.random.Generator) -> Quarter:
    """Lay streets and blocks into a polygon (metres)."""
    grid = _grid_lines(quarter, rule, rng)
    network = shapely.union_all([quarter.exterior, *quarter.interiors, *grid])
    inside = quarter.buffer(0.5)
    cells = [c for c in polygons(shapely.polygonize(lines(network))) if inside.contains(c)]
    if len(cells) < 2:  # noqa: PLR2004 - one cell has no inner street
        return Quarter([quarter], [])
    inner = [p for p in lines(network) if middle(p).distance(quarter.boundary) > 1 and inside.contains(p)]
    owner, dropped = _merge(cells, inner, rule, rng)
    dead_ends = [_dead_end(p) for p in dropped if p.length > 60 and rng.random() < rule.dead_end_share]  # noqa: PLR2004 - metres
    blocks = [
        shapely.union_all([c for c, o in zip(cells, owner, strict=True) if o == group]) for group in sorted(set(owner))
    ]
    kept = [p for p, pair in zip(inner, _sides(cells, inner), strict=True) if len({owner[i] for i in pair}) > 1]
    return Quarter(blocks, _by_grid_line(kept + dead_ends, grid))


def _grid_lines(quarter: Geometry, rule: GridRule, rng: np.random.Generator) -> list[Geometry]:
    """Two families of warped lines over the quarter, turned to its longest side."""
    x0, y0, x1, y1 = quarter.bounds
    reach = np.hypot(x1 - x0, y1 - y0) / 2 + 60
    turn = _bearing(quarter) + rng.normal(0, 0.05)
    phase = rng.uniform(0, 2 * np.pi, 2)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    ruler = np.arange(-reach, reach, 18.0)
    result = []
    for axis, step in ((0, rule.along_m), (1, rule.across_m)):
        start = rng.uniform(0.35, 0.65) * step
        for at in np.arange(start - step * np.ceil(reach / step), reach, step):
            offset = at + rng.normal(0, step * 0.05)
            bend = rule.warp_m * np.sin(ruler / 190 + phase[axis])
            xy = np.column_stack([offset + bend, ruler] if axis == 0 else [ruler, offset + bend])
            result.append(LineString(np.round(xy @ rotation + [(x0 + x1) / 2, (y0 + y1) / 2], 2)))
    return result


def _bearing(quarter: Geometry) -> float:
    """Direction of the longest side of the smallest box round the quarter, in radians."""
    corners = np.asarray(shapely.minimum_rotated_rectangle(quarter).exterior.coords)
    sides = np.diff(corners, axis=0)
    dx, dy = sides[int(np.argmax(np.hypot(sides[:, 0], sides[:, 1])))]
    return float(np.arctan2(dy, dx))


def _sides(cells: Sequence[Geometry], pieces: Sequence[Geometry]) -> list[list[int]]:
    """For every street piece the cells beside it: two, or one at the rim."""
    tree = shapely.STRtree(cells)
    found = tree.query([middle(p) for p in pieces], predicate="dwithin", distance=0.3)
    result: list[list[int]] = [[] for _ in pieces]
    for piece, cell in found.T:
        result[int(piece)].append(int(cell))
    return result


def _merge(
    cells: Sequence[Geometry], pieces: Sequence[Geometry], rule: GridRule, rng: np.random.Generator
) -> tuple[list[int], list[Geometry]]:
    """Give every cell the number of its block; also the pieces left out on purpose."""
    owner = list(range(len(cells)))
    area = [c.area for c in cells]
    sides = _sides(cells, pieces)
    sliver_m2 = SLIVER_SHARE * rule.along_m * rule.across_m
    for piece in sorted(range(len(pieces)), key=lambda i: -pieces[i].length):
        if len(sides[piece]) == 2 and min(area[owner[i]] for i in sides[piece]) < sliver_m2:  # noqa: PLR2004
            _unite(owner, area, sides[piece])
    dropped = []
    for piece, pair in enumerate(sides):
        if len(pair) != 2 or owner[pair[0]] == owner[pair[1]] or rng.random() > rule.merge_share:  # noqa: PLR2004
            continue
        if area[owner[pair[0]]] + area[owner[pair[1]]] < LARGEST_BLOCK_M2:
            _unite(owner, area, pair)
            dropped.append(pieces[piece])
    return owner, dropped


def _unite(owner: list[int], area: list[float], pair: Sequence[int]) -> None:
    """Make the two cells one block."""
    keep, gone = owner[pair[0]], owner[pair[1]]
    if keep == gone:
        return
    area[keep] += area[gone]
    owner[:] = [keep if o == gone else o for o in owner]


def _dead_end(piece: Geometry) -> Geometry:
    """The first half of a street that does not go through."""
    return shapely.ops.substring(piece, 0, 0.55, normalized=True)


def _by_grid_line(pieces: Sequence[Geometry], grid: Sequence[Geometry]) -> list[list[Geometry]]:
    """Pieces on the same grid line are one street."""
    if not pieces:
        return []
    nearest = shapely.STRtree(grid).nearest([middle(p) for p in pieces])
    groups: dict[int, list[Geometry]] = {}
    for piece, line in zip(pieces, nearest, strict=True):
        groups.setdefault(int(line), []).append(piece)
    return [joined(groups[k]) for k in sorted(groups)]
