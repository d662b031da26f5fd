"""DBSCAN on sorted cells: merge equal places, find the cores, join the groups, label every incident.

A cell whose incidents weigh enough is all core, so most distances are never measured. What is left is made
safe against crowds: a cell of many places gets a tree of boxes, but only when a neighbour has to look inside.
A place is one number, x * 2**32 + y, decimetres from the grid's south-west corner: its order is x, then y.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.kernel.compiling import compiled
from app.core.analysis.points import Coordinates, Mask

NONE, SOME, ALL = 0, 1, 2  # how many of a cell's places are cores
FEW = 8  # rows that are not worth merging, places that are not worth a box
LEAF = 32  # places at the end of a tree's branch
CROWD = 64  # places that are worth a tree
NO_BOX = -1
NOT_BUILT = -1
LOW = 0xFFFFFFFF
STACK = 128  # a branch of a tree has at most 31 forks, and a walk keeps one box a fork and tree


class Cells(NamedTuple):
    """k cells with m places of n incidents, cells by key."""

    keys: NDArray[np.int64]  # (k,)
    rows_from: NDArray[np.int32]  # (k + 1,) into entries
    places_from: NDArray[np.int32]  # (k + 1,) into places
    weight: NDArray[np.int32]  # (k,)
    cores: NDArray[np.int8]  # (k,) NONE, SOME or ALL
    box: NDArray[np.int32]  # (k,) the first of a cell's boxes, or NO_BOX
    boxes: NDArray[np.int32]  # (b, 5) west, east, south, north, weight; those of a tree as in a heap
    places: NDArray[np.int64]  # (n,) of which m are used
    place_weight: NDArray[np.int32]  # (n,) likewise; in the end the place's label
    is_core: Mask  # (n,) likewise; says nothing where cores is ALL
    entries: NDArray[np.int64]  # (n,) by cell: which place, and in the low half which row


@compiled
def size(entries: NDArray[np.int64], low_bits: int) -> tuple[int, int]:
    """How many cells there are, and at most how many boxes they need."""
    cells, boxes, first = 0, 0, 0
    for i in range(1, entries.shape[0] + 1):
        if i == entries.shape[0] or entries[i] >> low_bits != entries[first] >> low_bits:
            cells += 1
            boxes += box_count(i - first)
            first = i
    return cells, boxes


@compiled
def box_count(places: int) -> int:
    """How many boxes a cell of so many places has."""
    if places <= FEW:
        return 0
    if places <= CROWD:
        return 1
    total, widest = 1, places
    while widest > LEAF:
        widest = (widest + 1) // 2
        total = 2 * total + 1
    return total


@compiled
def lay_out(
    xy: Coordinates,
    weights: NDArray[np.int32],
    entries: NDArray[np.int64],
    low_bits: int,
    west: int,
    south: int,
    cell_count: int,
    most_boxes: int,
) -> Cells:
    """Gather the incidents by cell and merge equal places. weights: (n,), or (0,) where all are one.

    The entries are changed in place, from key and row to place and row.
    """
    n = entries.shape[0]
    keys = np.empty(cell_count, np.int64)
    rows_from = np.empty(cell_count + 1, np.int32)
    places_from = np.empty(cell_count + 1, np.int32)
    weight = np.empty(cell_count, np.int32)
    box = np.empty(cell_count, np.int32)
    boxes = np.empty((most_boxes, 5), np.int32)
    places = np.empty(n, np.int64)
    place_weight = np.empty(n, np.int32)
    table = np.empty(64, np.int32)
    row_mask = (1 << low_bits) - 1
    has_weights = weights.shape[0] > 0
    first, cell, used, boxes_used = 0, 0, 0, 0
    while first < n:
        key = entries[first] >> low_bits
        end = first
        while end < n and entries[end] >> low_bits == key:
            row = entries[end] & row_mask
            # rounded as in grid.decimetres
            x = np.int64((xy[row, 0] * 10.0 + 6755399441055744.0) - 6755399441055744.0) - west
            y = np.int64((xy[row, 1] * 10.0 + 6755399441055744.0) - 6755399441055744.0) - south
            places[used + end - first] = (x << 32) | y
            entries[end] = row
            end += 1
        keys[cell] = key
        rows_from[cell] = first
        places_from[cell] = used
        total = end - first
        if has_weights:
            total = 0
            for i in range(first, end):
                total += weights[entries[i]]
        weight[cell] = total
        if end - first <= FEW:
            for i in range(first, end):
                place_weight[used] = weights[entries[i]] if has_weights else 1
                entries[i] |= used << 32
                used += 1
        else:
            wanted = 64
            while wanted < 2 * (end - first):
                wanted *= 2
            if wanted > table.shape[0]:
                table = np.empty(wanted, np.int32)
            used = merge(places, place_weight, entries, weights, table, wanted - 1, first, end, used)
        box[cell] = NO_BOX
        count = used - places_from[cell]
        if count > FEW:
            box[cell] = boxes_used
            draw_box(boxes, boxes_used, places, place_weight, places_from[cell], used)
            if count > CROWD:
                boxes[boxes_used + 1, 4] = NOT_BUILT
            boxes_used += box_count(count)
        cell += 1
        first = end
    rows_from[cell] = n
    places_from[cell] = used
    cores = np.zeros(cell_count, np.int8)
    is_core = np.zeros(n, np.bool_)
    return Cells(
        keys, rows_from, places_from, weight, cores, box, boxes, places, place_weight, is_core, entries
    )


@compiled
def merge(
    places: NDArray[np.int64],
    place_weight: NDArray[np.int32],
    entries: NDArray[np.int64],
    weights: NDArray[np.int32],
    table: NDArray[np.int32],
    mask: int,
    first: int,
    end: int,
    used: int,
) -> int:
    """Merge equal places of the rows first..end of one cell, which stand from `used` on; the new end of places."""
    table[: mask + 1] = -1
    gathered = used
    for i in range(first, end):
        place = places[gathered + i - first]
        weight = weights[entries[i]] if weights.shape[0] > 0 else 1
        at = (((place >> 32) * 73856093) ^ ((place & LOW) * 19349663)) >> 5 & mask
        while True:
            known = table[at]
            if known < 0:
                table[at] = used
                places[used] = place
                place_weight[used] = weight
                entries[i] |= used << 32
                used += 1
                break
            if places[known] == place:
                place_weight[known] += weight
                entries[i] |= np.int64(known) << 32
                break
            at = (at + 1) & mask
    return used


@compiled
def draw_box(
    boxes: NDArray[np.int32],
    box: int,
    places: NDArray[np.int64],
    place_weight: NDArray[np.int32],
    first: int,
    end: int,
) -> None:
    """The bounds and weight of the places first..end."""
    west, east = places[first] >> 32, places[first] >> 32
    south, north = places[first] & LOW, places[first] & LOW
    weight = 0
    for i in range(first, end):
        x, y = places[i] >> 32, places[i] & LOW
        west, east = min(west, x), max(east, x)
        south, north = min(south, y), max(north, y)
        weight += place_weight[i]
    boxes[box, 0], boxes[box, 1], boxes[box, 2], boxes[box, 3] = west, east, south, north
    boxes[box, 4] = weight


@compiled
def least(boxes: NDArray[np.int32], box: int, x: int, y: int) -> int:
    """The squared distance from a place to the nearest corner or side of a box, 0 inside."""
    dx = max(boxes[box, 0] - x, x - boxes[box, 1], 0)
    dy = max(boxes[box, 2] - y, y - boxes[box, 3], 0)
    return dx * dx + dy * dy


@compiled
def greatest(boxes: NDArray[np.int32], box: int, x: int, y: int) -> int:
    """The squared distance from a place to the furthest corner of a box."""
    dx = max(x - boxes[box, 0], boxes[box, 1] - x)
    dy = max(y - boxes[box, 2], boxes[box, 3] - y)
    return dx * dx + dy * dy


@compiled
def apart(place: int, x: int, y: int) -> int:
    """The squared distance of two places."""
    dx, dy = (place >> 32) - x, (place & LOW) - y
    return dx * dx + dy * dy


@compiled
def push(stack: NDArray[np.int64], depth: int, node: int, first: int, end: int) -> int:
    """Leave a box, and the places in it, for later; the new depth."""
    stack[depth, 0], stack[depth, 1], stack[depth, 2] = node, first, end
    return depth + 1


@compiled
def grow_tree(cells: Cells, cell: int) -> None:
    """Order the places of a crowded cell so that each half is compact, and draw the boxes, unless done before."""
    root = cells.box[cell]
    if cells.boxes[root + 1, 4] != NOT_BUILT:
        return
    start, stop = cells.places_from[cell], cells.places_from[cell + 1]
    order = np.arange(start, stop)
    stack = np.empty((STACK, 3), np.int64)
    depth = push(stack, 0, 0, start, stop)
    while depth:
        depth -= 1
        node, first, end = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        box = root + node
        draw_box(cells.boxes, box, cells.places, cells.place_weight, first, end)
        if end - first <= LEAF:
            continue
        b = cells.boxes
        by_x = b[box, 1] - b[box, 0] >= b[box, 3] - b[box, 2]
        middle = (first + end) // 2
        split(cells.places, order, start, first, end, middle, by_x)
        depth = push(stack, depth, 2 * node + 1, first, middle)
        depth = push(stack, depth, 2 * node + 2, middle, end)
    # weights, cores and entries follow the places they belong to
    new_of_old = np.empty(stop - start, np.int64)
    weight, is_core = cells.place_weight[start:stop].copy(), cells.is_core[start:stop].copy()
    for i in range(stop - start):
        old = order[i] - start
        new_of_old[old] = start + i
        cells.place_weight[start + i] = weight[old]
        cells.is_core[start + i] = is_core[old]
    for i in range(cells.rows_from[cell], cells.rows_from[cell + 1]):
        entry = cells.entries[i]
        cells.entries[i] = (new_of_old[(entry >> 32) - start] << 32) | (entry & LOW)
    weigh(cells, root, 0, start, stop)


@compiled
def weigh(cells: Cells, root: int, node: int, start: int, stop: int) -> None:
    """The weights of all boxes of a tree, once the weights stand beside their places."""
    stack = np.empty((STACK, 3), np.int64)
    depth = push(stack, 0, node, start, stop)
    while depth:
        depth -= 1
        node, first, end = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        cells.boxes[root + node, 4] = cells.place_weight[first:end].sum()
        if end - first > LEAF:
            middle = (first + end) // 2
            depth = push(stack, depth, 2 * node + 1, first, middle)
            depth = push(stack, depth, 2 * node + 2, middle, end)


@compiled
def split(
    places: NDArray[np.int64], order: NDArray[np.int64], start: int, first: int, end: int, middle: int, by_x: bool
) -> None:
    """Order first..end so that no place before `middle` lies beyond one after it (quickselect)."""
    shift = 32 if by_x else 0
    low, high = first, end - 1
    while low < high:
        pivot = (places[(low + high) // 2] >> shift) & LOW
        i, j = low, high
        while i <= j:
            while (places[i] >> shift) & LOW < pivot:
                i += 1
            while (places[j] >> shift) & LOW > pivot:
                j -= 1
            if i <= j:
                places[i], places[j] = places[j], places[i]
                order[i - start], order[j - start] = order[j - start], order[i - start]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@compiled
def see(windows: NDArray[np.int64], keys: NDArray[np.int64], key: int, height: int) -> None:
    """Move each window to the first cell of its column that is at most two rows below `key`.

    Window w looks at column w - 2 from the cell's own. Cells come by key, so windows only move forward.
    """
    for w in range(5):
        lowest = key + (w - 2) * height - 2
        at = windows[w]
        while at < keys.shape[0] and keys[at] < lowest:
            at += 1
        windows[w] = at


@compiled
def find_cores(cells: Cells, height: int, eps2: int, min_weight: int) -> None:
    """Mark the places with at least min_weight within eps."""
    keys = cells.keys
    windows = np.zeros(5, np.int64)
    for cell in range(keys.shape[0]):
        if cells.weight[cell] >= min_weight:
            cells.cores[cell] = ALL
            continue
        key = keys[cell]
        see(windows, keys, key, height)
        around = 0
        for w in range(5):
            highest = key + (w - 2) * height + 2
            at = windows[w]
            while at < keys.shape[0] and keys[at] <= highest:
                around += cells.weight[at]
                at += 1
        if around < min_weight:
            continue
        found, first, end = 0, cells.places_from[cell], cells.places_from[cell + 1]
        for i in range(first, end):
            place = cells.places[i]
            if is_crowded(cells, cell, windows, height, place >> 32, place & LOW, eps2, min_weight):
                cells.is_core[i] = True
                found += 1
        if found:
            cells.cores[cell] = ALL if found == end - first else SOME


@compiled
def is_crowded(
    cells: Cells, cell: int, windows: NDArray[np.int64], height: int, x: int, y: int, eps2: int, min_weight: int
) -> bool:
    """Whether min_weight lies within eps of a place of `cell`. The nearest columns first: they often suffice."""
    missing = min_weight - cells.weight[cell]
    for turn in range(5):
        w = 2 + ((turn + 1) // 2 if turn % 2 else -(turn // 2))
        highest = cells.keys[cell] + (w - 2) * height + 2
        at = windows[w]
        while at < cells.keys.shape[0] and cells.keys[at] <= highest:
            if at != cell:
                missing -= weight_near(cells, at, x, y, eps2, missing)
                if missing <= 0:
                    return True
            at += 1
    return False


@compiled
def weight_near(cells: Cells, cell: int, x: int, y: int, eps2: int, wanted: int) -> int:
    """What lies within eps of a place in another cell; counting ends when `wanted` is reached."""
    first, end = cells.places_from[cell], cells.places_from[cell + 1]
    root = cells.box[cell]
    if root != NO_BOX:
        if least(cells.boxes, root, x, y) > eps2:
            return 0
        if greatest(cells.boxes, root, x, y) <= eps2:
            return cells.weight[cell]
    weight = 0
    for i in range(first, min(end, first + CROWD)):
        if apart(cells.places[i], x, y) <= eps2:
            weight += cells.place_weight[i]
            if weight >= wanted:
                return weight
    if end - first <= CROWD:
        return weight
    grow_tree(cells, cell)
    return weight_in_tree(cells, cell, x, y, eps2, wanted)


@compiled
def weight_in_tree(cells: Cells, cell: int, x: int, y: int, eps2: int, wanted: int) -> int:
    """Like `weight_near`, box by box."""
    root, weight = cells.box[cell], 0
    stack = np.empty((STACK, 3), np.int64)
    depth = push(stack, 0, 0, cells.places_from[cell], cells.places_from[cell + 1])
    while depth and weight < wanted:
        depth -= 1
        node, first, end = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        if least(cells.boxes, root + node, x, y) > eps2:
            continue
        if greatest(cells.boxes, root + node, x, y) <= eps2:
            weight += cells.boxes[root + node, 4]
        elif end - first <= LEAF:
            for i in range(first, end):
                if apart(cells.places[i], x, y) <= eps2:
                    weight += cells.place_weight[i]
        else:
            middle = (first + end) // 2
            depth = push(stack, depth, 2 * node + 1, first, middle)
            depth = push(stack, depth, 2 * node + 2, middle, end)
    return weight


@compiled
def nearest_core(cells: Cells, cell: int, x: int, y: int, reach2: int, best: int) -> tuple[int, int]:
    """The core of another cell nearest to a place: its squared distance and itself.

    Only one nearer than reach2, or as near and before `best` in the order of places, is looked for; reach2 and
    `best` come back where there is none.
    """
    is_all = cells.cores[cell] == ALL
    first, end = cells.places_from[cell], cells.places_from[cell + 1]
    root = cells.box[cell]
    if root == NO_BOX or end - first <= CROWD:
        if root == NO_BOX or least(cells.boxes, root, x, y) <= reach2:
            for i in range(first, end):
                if is_all or cells.is_core[i]:
                    reach2, best = nearer(cells.places[i], x, y, reach2, best)
        return reach2, best
    if least(cells.boxes, root, x, y) > reach2:
        return reach2, best
    grow_tree(cells, cell)
    stack = np.empty((STACK, 3), np.int64)
    depth = push(stack, 0, 0, first, end)
    while depth:
        depth -= 1
        node, first, end = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        if least(cells.boxes, root + node, x, y) > reach2:
            continue
        if end - first <= LEAF:
            for i in range(first, end):
                if is_all or cells.is_core[i]:
                    reach2, best = nearer(cells.places[i], x, y, reach2, best)
            continue
        middle = (first + end) // 2
        depth = push(stack, depth, 2 * node + 1, first, middle)
        depth = push(stack, depth, 2 * node + 2, middle, end)
    return reach2, best


@compiled
def nearer(place: int, x: int, y: int, reach2: int, best: int) -> tuple[int, int]:
    """The nearer of a place and the best so far; of two as near the one further west, then further south."""
    distance2 = apart(place, x, y)
    if distance2 < reach2 or (distance2 == reach2 and place < best):
        return distance2, place
    return reach2, best


@compiled
def join_groups(cells: Cells, height: int, eps2: int) -> NDArray[np.int32]:
    """Every cell's representative (k,): cells with cores within eps of each other, in steps, have the same."""
    keys = cells.keys
    leader = np.arange(keys.shape[0]).astype(np.int32)
    windows = np.zeros(5, np.int64)
    for cell in range(keys.shape[0]):
        if cells.cores[cell] == NONE:
            continue
        see(windows, keys, keys[cell], height)
        for w in range(2, 5):  # the pairs to the west were looked at from there
            highest = keys[cell] + (w - 2) * height + 2
            at = cell + 1 if w == 2 else windows[w]  # noqa: PLR2004 -- the own column
            while at < keys.shape[0] and keys[at] <= highest:
                if cells.cores[at] != NONE:
                    mine, theirs = leader_of(leader, cell), leader_of(leader, at)
                    if mine != theirs and is_near(cells, cell, at, eps2):
                        leader[max(mine, theirs)] = min(mine, theirs)
                at += 1
    for cell in range(keys.shape[0]):
        leader[cell] = leader_of(leader, cell)
    return leader


@compiled
def leader_of(leader: NDArray[np.int32], cell: int) -> int:
    """The representative of a cell's group; the way to it is shortened."""
    while leader[cell] != cell:
        leader[cell] = leader[leader[cell]]
        cell = leader[cell]
    return cell


@compiled
def is_near(cells: Cells, a: int, b: int, eps2: int) -> bool:
    """Whether a core of cell a lies within eps of a core of cell b."""
    if cells.places_from[a + 1] - cells.places_from[a] > cells.places_from[b + 1] - cells.places_from[b]:
        a, b = b, a
    first, end = cells.places_from[a], cells.places_from[a + 1]
    box, other = cells.box[a], cells.box[b]
    if box != NO_BOX and other != NO_BOX:
        if gap2(cells.boxes, box, other) > eps2:
            return False
        if cells.cores[a] == ALL and cells.cores[b] == ALL and span2(cells.boxes, box, other) <= eps2:
            return True
    for i in range(first, min(end, first + CROWD)):
        if cells.cores[a] == ALL or cells.is_core[i]:
            x, y = cells.places[i] >> 32, cells.places[i] & LOW
            if has_core_near(cells, b, x, y, eps2):
                return True
    return end - first > CROWD and trees_are_near(cells, a, b, eps2)


@compiled
def has_core_near(cells: Cells, cell: int, x: int, y: int, eps2: int) -> bool:
    """Whether a core of a cell lies within eps of a place. A short look first: most often one is found."""
    root = cells.box[cell]
    if root != NO_BOX and least(cells.boxes, root, x, y) > eps2:
        return False
    is_all = cells.cores[cell] == ALL
    first, end = cells.places_from[cell], cells.places_from[cell + 1]
    for i in range(first, min(end, first + CROWD)):
        if (is_all or cells.is_core[i]) and apart(cells.places[i], x, y) <= eps2:
            return True
    return end - first > CROWD and nearest_core(cells, cell, x, y, eps2 + 1, -1)[0] <= eps2


@compiled
def gap2(boxes: NDArray[np.int32], a: int, b: int) -> int:
    """The squared distance between the nearest sides of two boxes, 0 where they overlap."""
    dx = max(boxes[a, 0] - boxes[b, 1], boxes[b, 0] - boxes[a, 1], 0)
    dy = max(boxes[a, 2] - boxes[b, 3], boxes[b, 2] - boxes[a, 3], 0)
    return np.int64(dx) * dx + np.int64(dy) * dy


@compiled
def span2(boxes: NDArray[np.int32], a: int, b: int) -> int:
    """The squared distance between the furthest corners of two boxes."""
    dx = max(boxes[a, 1] - boxes[b, 0], boxes[b, 1] - boxes[a, 0])
    dy = max(boxes[a, 3] - boxes[b, 2], boxes[b, 3] - boxes[a, 2])
    return np.int64(dx) * dx + np.int64(dy) * dy


@compiled
def trees_are_near(cells: Cells, a: int, b: int, eps2: int) -> bool:
    """Like `is_near` for two crowded cells: only boxes that come near each other are opened, the larger first."""
    grow_tree(cells, a)
    grow_tree(cells, b)
    root_a, root_b, boxes = cells.box[a], cells.box[b], cells.boxes
    is_all = cells.cores[a] == ALL and cells.cores[b] == ALL
    stack = np.empty((STACK, 6), np.int64)
    push(stack[:, :3], 0, 0, cells.places_from[a], cells.places_from[a + 1])
    depth = push(stack[:, 3:], 0, 0, cells.places_from[b], cells.places_from[b + 1])
    while depth:
        depth -= 1
        node_a, first_a, end_a = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        node_b, first_b, end_b = stack[depth, 3], stack[depth, 4], stack[depth, 5]
        if gap2(boxes, root_a + node_a, root_b + node_b) > eps2:
            continue
        if is_all and span2(boxes, root_a + node_a, root_b + node_b) <= eps2:
            return True
        if max(end_a - first_a, end_b - first_b) <= LEAF:
            if leaves_are_near(cells, a, b, first_a, end_a, first_b, end_b, eps2):
                return True
        elif end_a - first_a >= end_b - first_b:
            middle = (first_a + end_a) // 2
            stack[depth + 1] = stack[depth]
            push(stack[:, :3], depth, 2 * node_a + 1, first_a, middle)
            depth = push(stack[:, :3], depth + 1, 2 * node_a + 2, middle, end_a)
        else:
            middle = (first_b + end_b) // 2
            stack[depth + 1] = stack[depth]
            push(stack[:, 3:], depth, 2 * node_b + 1, first_b, middle)
            depth = push(stack[:, 3:], depth + 1, 2 * node_b + 2, middle, end_b)
    return False


@compiled
def leaves_are_near(
    cells: Cells, a: int, b: int, first_a: int, end_a: int, first_b: int, end_b: int, eps2: int
) -> bool:
    """Whether a core among some places of cell a lies within eps of one among some of cell b."""
    for i in range(first_a, end_a):
        if not (cells.cores[a] == ALL or cells.is_core[i]):
            continue
        x, y = cells.places[i] >> 32, cells.places[i] & LOW
        for j in range(first_b, end_b):
            if (cells.cores[b] == ALL or cells.is_core[j]) and apart(cells.places[j], x, y) <= eps2:
                return True
    return False


@compiled
def first_rows(cells: Cells, leader: NDArray[np.int32]) -> NDArray[np.int32]:
    """The first core row (k,) of each group, at its representative; n elsewhere. Rows of a cell are in order."""
    n = cells.entries.shape[0]
    first = np.full(leader.shape[0], n, np.int32)
    for cell in range(leader.shape[0]):
        if cells.cores[cell] == NONE:
            continue
        is_all = cells.cores[cell] == ALL
        for i in range(cells.rows_from[cell], cells.rows_from[cell + 1]):
            if is_all or cells.is_core[cells.entries[i] >> 32]:
                row = cells.entries[i] & LOW
                first[leader[cell]] = min(first[leader[cell]], row)
                break
    return first


@compiled
def label_rows(
    cells: Cells, label: NDArray[np.int32], height: int, eps2: int, to_nearest: bool
) -> tuple[NDArray[np.int32], Mask]:
    """Labels and cores of the incidents (n,), by row, from the label of each cell with cores (k,)."""
    keys = cells.keys
    n = cells.entries.shape[0]
    found = np.empty(n, np.int32)  # label and core in one number: half as many far writes
    windows = np.zeros(5, np.int64)
    for cell in range(keys.shape[0]):
        if cells.cores[cell] == ALL:
            code = 2 * label[cell] + 1
            for i in range(cells.rows_from[cell], cells.rows_from[cell + 1]):
                found[cells.entries[i] & LOW] = code
            continue
        see(windows, keys, keys[cell], height)
        for i in range(cells.places_from[cell], cells.places_from[cell + 1]):
            if cells.is_core[i]:
                cells.place_weight[i] = 2 * label[cell] + 1
            elif to_nearest:
                cells.place_weight[i] = 2 * label_of_nearest(cells, label, cell, i, windows, height, eps2)
            else:
                cells.place_weight[i] = 2 * least_label(cells, label, cell, i, windows, height, eps2)
        for i in range(cells.rows_from[cell], cells.rows_from[cell + 1]):
            found[cells.entries[i] & LOW] = cells.place_weight[cells.entries[i] >> 32]
    core = np.empty(n, np.bool_)
    for row in range(n):
        core[row] = found[row] & 1
        found[row] >>= 1
    return found, core


@compiled
def least_label(
    cells: Cells, label: NDArray[np.int32], cell: int, i: int, windows: NDArray[np.int64], height: int, eps2: int
) -> int:
    """The lowest label of a core within eps of place i, or -1: scikit-learn's rule."""
    x, y = cells.places[i] >> 32, cells.places[i] & LOW
    none = keys_end = cells.keys.shape[0]
    best = label[cell] if cells.cores[cell] != NONE else none
    for w in range(5):
        highest = cells.keys[cell] + (w - 2) * height + 2
        at = windows[w]
        while at < keys_end and cells.keys[at] <= highest:
            if at != cell and cells.cores[at] != NONE and label[at] < best and has_core_near(cells, at, x, y, eps2):
                best = label[at]
            at += 1
    return -1 if best == none else best


@compiled
def label_of_nearest(
    cells: Cells, label: NDArray[np.int32], cell: int, i: int, windows: NDArray[np.int64], height: int, eps2: int
) -> int:
    """The label of the core nearest to place i within eps, ties to the first in the order of places, or -1."""
    x, y = cells.places[i] >> 32, cells.places[i] & LOW
    reach2, best, found = eps2 + 1, -1, -1
    for w in range(5):
        highest = cells.keys[cell] + (w - 2) * height + 2
        at = windows[w]
        while at < cells.keys.shape[0] and cells.keys[at] <= highest:
            if cells.cores[at] != NONE:
                closer2, core = nearest_core(cells, at, x, y, reach2, best)
                if core != best:
                    reach2, best, found = closer2, core, label[at]
            at += 1
    return found
