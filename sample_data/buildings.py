"""Footprints of houses: closed blocks in the centre, rows of villas, slabs in estates, halls in industry."""

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import box

from sample_data.geometry import Geometry, polygons
from sample_data.townmap import Block

# style: spacing along and across, house length and depth (least, most), share of empty lots; metres
_LOTS = {
    "mid": (27.0, 30.0, (13.0, 21.0), (10.0, 13.0), 0.12),
    "villa": (25.0, 29.0, (10.0, 15.0), (8.0, 11.0), 0.1),
    "estate": (62.0, 44.0, (34.0, 54.0), (11.0, 13.0), 0.12),
    "school": (58.0, 46.0, (32.0, 50.0), (14.0, 20.0), 0.25),
    "industry": (78.0, 58.0, (38.0, 66.0), (24.0, 44.0), 0.2),
}


def footprints(block: Block, rng: np.random.Generator) -> list[Geometry]:
    """The houses of one block (metres)."""
    if block.style == "centre":
        return _closed_block(block.shape, rng)
    return _lots(block, rng)


def _closed_block(shape: Geometry, rng: np.random.Generator) -> list[Geometry]:
    """A ring of houses round a yard, with a few passages."""
    ring = shape.buffer(-3).difference(shape.buffer(-15))
    c = shape.centroid
    for angle in rng.uniform(0, 180, 3):
        ring = ring.difference(affinity.rotate(box(c.x - 300, c.y - 2, c.x + 300, c.y + 2), angle, origin=c))
    return [g.simplify(0.7) for g in polygons(ring) if g.area > 70]  # noqa: PLR2004 - square metres


def _lots(block: Block, rng: np.random.Generator) -> list[Geometry]:
    """Houses in rows along the longer side of the block."""
    along, across, length, depth, empty = _LOTS[block.style]
    corners = np.asarray(shapely.minimum_rotated_rectangle(block.shape).exterior.coords)
    side = (
        corners[1] - corners[0]
        if np.hypot(*(corners[1] - corners[0])) > np.hypot(*(corners[2] - corners[1]))
        else corners[2] - corners[1]
    )
    turn = float(np.degrees(np.arctan2(side[1], side[0])))
    centre = block.shape.centroid
    lying = affinity.rotate(block.shape, -turn, origin=centre).buffer(-4)
    if lying.is_empty:
        return []
    x0, y0, x1, y1 = lying.bounds
    shapely.prepare(lying)
    houses = []
    for y in np.arange(y0 + across / 2, y1, across):
        for x in np.arange(x0 + along / 2, x1, along):
            if rng.random() < empty:
                continue
            w, d = rng.uniform(*length) / 2, rng.uniform(*depth) / 2
            px, py = x + rng.normal(0, 1.2), y + rng.normal(0, 1.6)
            house = box(px - w, py - d, px + w, py + d)
            if lying.contains(house):
                houses.append(affinity.rotate(house, turn + rng.normal(0, 1.5), origin=centre))
    return houses
