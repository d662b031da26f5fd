"""DBSCAN on merged cells: find the cores, join the groups, label every incident.

A cell whose incidents weigh enough is all core, so most distances are never measured. What is left is made
safe against crowds: a cell of many places gets a tree of boxes, but only when a neighbour has to look inside.
"""
# ruff: noqa: PLR0913, FBT001 -- arrays go one by one into the hot loops, a bundle is counted in and out at each call

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.kernel.compiling import compiled, inlined
from app.core.analysis.kernel.merging import BOX, CORES, LOW, PLACES, ROWS, WEIGHT
from app.core.analysis.points import Mask

NONE, SOME, ALL = 0, 1, 2  # how many of a cell's places are cores
FEW = 8  # places that are not worth a box
LEAF = 32  # places at the end of a tree's branch
CROWD = 64  # places that are worth a tree
NO_BOX = -1
NOT_GROWN = -1
UNKNOWN = -1
MOST_NEIGHBOURS = 20
STRIDE = 16
STACK = 96  # a walk keeps one box a fork; a tree of 2**31 places has 26 forks in a row


class Cells(NamedTuple):
    """k cells with m places of n incidents, cells by key."""

    keys: NDArray[np.int64]  # (k,)
    table: NDArray[np.int32]  # (k + 1, 5): first entry, first place, weight, how many cores, first box or NO_BOX
    boxes: NDArray[np.int32]  # (b, 5): west, east, south, north, weight; those of a tree as in a heap
    places: NDArray[np.int64]  # (n,) of which m are used
    place_weight: NDArray[np.int32]  # (n,) likewise; in the end the place's label
    is_core: Mask  # (m,); says nothing in a cell that is all core
    entries: NDArray[np.int64]  # (n,) by cell: which place, and in the low half which row


@compiled
def count_boxes(table: NDArray[np.int32]) -> int:
    """How many boxes all cells need; each cell is told where its own begin."""
    total = 0
    for cell in range(table.shape[0] - 1):
        places = table[cell + 1, PLACES] - table[cell, PLACES]
        table[cell, CORES] = NONE
        table[cell, BOX] = NO_BOX
        if places <= FEW:
            continue
        table[cell, BOX] = total
        count, widest = 1, places
        while places > CROWD and widest > LEAF:
            widest = (widest + 1) // 2
            count = 2 * count + 1
        total += count
    return total


@compiled
def draw_boxes(cells: Cells) -> None:
    """The one box of a cell, or the first of its tree."""
    table = cells.table
    for cell in range(table.shape[0] - 1):
        box = table[cell, BOX]
        if box != NO_BOX:
            first, end = table[cell, PLACES], table[cell + 1, PLACES]
            draw_box(cells.boxes, box, cells.places, cells.place_weight, first, end)
            if end - first > CROWD:
                cells.boxes[box + 1, 0] = NOT_GROWN


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


@inlined
def least(boxes: NDArray[np.int32], box: int, x: int, y: int) -> int:
    """The squared distance from a place to the nearest corner or side of a box, 0 inside."""
    dx = max(boxes[box, 0] - x, x - boxes[box, 1], 0)
    dy = max(boxes[box, 2] - y, y - boxes[box, 3], 0)
    return int(dx) * int(dx) + int(dy) * int(dy)


@inlined
def greatest(boxes: NDArray[np.int32], box: int, x: int, y: int) -> int:
    """The squared distance from a place to the furthest corner of a box."""
    dx = max(x - boxes[box, 0], boxes[box, 1] - x)
    dy = max(y - boxes[box, 2], boxes[box, 3] - y)
    return int(dx) * int(dx) + int(dy) * int(dy)


@inlined
def apart(place: int, x: int, y: int) -> int:
    """The squared distance of two places."""
    dx, dy = (place >> 32) - x, (place & LOW) - y
    return dx * dx + dy * dy


@inlined
def gap2(boxes: NDArray[np.int32], a: int, b: int) -> int:
    """The squared distance between the nearest sides of two boxes, 0 where they overlap."""
    dx = max(int(boxes[a, 0]) - boxes[b, 1], int(boxes[b, 0]) - boxes[a, 1], 0)
    dy = max(int(boxes[a, 2]) - boxes[b, 3], int(boxes[b, 2]) - boxes[a, 3], 0)
    return int(dx) * int(dx) + int(dy) * int(dy)


@inlined
def span2(boxes: NDArray[np.int32], a: int, b: int) -> int:
    """The squared distance between the furthest corners of two boxes."""
    dx = max(int(boxes[a, 1]) - boxes[b, 0], int(boxes[b, 1]) - boxes[a, 0])
    dy = max(int(boxes[a, 3]) - boxes[b, 2], int(boxes[b, 3]) - boxes[a, 2])
    return int(dx) * int(dx) + int(dy) * int(dy)


@inlined
def push(stack: NDArray[np.int64], depth: int, node: int, first: int, end: int) -> int:
    """Leave a box, and the places in it, for later; the new depth."""
    stack[depth, 0], stack[depth, 1], stack[depth, 2] = node, first, end
    return depth + 1


@compiled
def grow_tree(cells: Cells, cell: int) -> None:
    """Order the places of a crowded cell so that each half is compact, and draw the boxes, unless done before."""
    root = cells.table[cell, BOX]
    if cells.boxes[root + 1, 0] != NOT_GROWN:
        return
    start, stop = cells.table[cell, PLACES], cells.table[cell + 1, PLACES]
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
    for i in range(cells.table[cell, ROWS], cells.table[cell + 1, ROWS]):
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


@inlined
def neighbours(
    keys: NDArray[np.int64],
    cell: int,
    height: int,
    windows: NDArray[np.int64],
    near: NDArray[np.int64],
    only_later: bool,
) -> int:
    """Write the up to 20 cells whose incidents can be within eps of the cell's into `near`; how many.

    With only_later no cell comes that has a lower key than this one: pairs are then met once.

    Window w stands in column w - 2 from the cell's own. Cells are asked for by key, so windows only move
    forward. The nearest columns come first: counting can often end with them.
    """
    count = 0
    for turn in range(5):
        column = (turn + 1) // 2 if turn % 2 else -(turn // 2)
        if only_later and column < 0:
            continue
        rows = 2 - abs(column) // 2  # the corners of the 5 x 5 lie beyond eps
        lowest = keys[cell] + column * height - rows
        at = windows[column + 2]
        while at < keys.shape[0] and keys[at] < lowest:
            at += 1
        windows[column + 2] = at
        if only_later and column == 0:
            at = cell + 1
        while at < keys.shape[0] and keys[at] <= lowest + 2 * rows:
            if at != cell:
                near[count] = at
                count += 1
            at += 1
    return count


@compiled
def find_cores(cells: Cells, height: int, eps2: int, min_weight: int) -> None:
    """Mark the places with at least min_weight within eps."""
    keys, table, places, place_weight = cells.keys, cells.table, cells.places, cells.place_weight
    windows, near = np.zeros(5, np.int64), np.empty(MOST_NEIGHBOURS, np.int64)
    around = np.empty((3, MOST_NEIGHBOURS * CROWD), np.int32)
    for cell in range(keys.shape[0]):
        if table[cell, WEIGHT] >= min_weight:
            table[cell, CORES] = ALL
            continue
        count = neighbours(keys, cell, height, windows, near, False)
        total, has_crowd = int(table[cell, WEIGHT]), False
        for q in range(count):
            total += table[near[q], WEIGHT]
            has_crowd |= table[near[q] + 1, PLACES] - table[near[q], PLACES] > CROWD
        if total < min_weight:
            continue
        seen = look_around(table, places, place_weight, near[:count], around)
        missing, found = min_weight - int(table[cell, WEIGHT]), 0
        for i in range(table[cell, PLACES], table[cell + 1, PLACES]):
            x, y = places[i] >> 32, places[i] & LOW
            is_one = weight_seen(around, seen, x, y, eps2, missing) >= missing
            if not is_one and has_crowd:
                is_one = weight_near(cells, near[:count], x, y, eps2, missing) >= missing
            cells.is_core[i] = is_one
            found += is_one
        if found:
            is_full = found == table[cell + 1, PLACES] - table[cell, PLACES]
            table[cell, CORES] = ALL if is_full else SOME


@inlined
def look_around(
    table: NDArray[np.int32],
    places: NDArray[np.int64],
    place_weight: NDArray[np.int32],
    near: NDArray[np.int64],
    around: NDArray[np.int32],
) -> int:
    """Write x, y and weight of the places of some cells, at most CROWD of each, side by side; how many."""
    seen = 0
    for q in range(near.shape[0]):
        first, end = int(table[near[q], PLACES]), int(table[near[q] + 1, PLACES])
        for i in range(first, min(end, first + CROWD)):
            around[0, seen] = places[i] >> 32
            around[1, seen] = places[i] & LOW
            around[2, seen] = place_weight[i]
            seen += 1
    return seen


@inlined
def weight_seen(around: NDArray[np.int32], seen: int, x: int, y: int, eps2: int, wanted: int) -> int:
    """What lies within eps of a place; counting ends when `wanted` is reached."""
    weight = 0
    for start in range(0, seen, STRIDE):
        for i in range(start, min(start + STRIDE, seen)):  # no way out: many at a time are faster than a guess
            dx, dy = int(around[0, i]) - x, int(around[1, i]) - y
            weight += around[2, i] * (dx * dx + dy * dy <= eps2)
        if weight >= wanted:
            break
    return weight


@compiled
def weight_near(cells: Cells, near: NDArray[np.int64], x: int, y: int, eps2: int, wanted: int) -> int:
    """What lies within eps of a place in some cells, crowded ones among them."""
    weight, table = 0, cells.table
    for q in range(near.shape[0]):
        first, end = table[near[q], PLACES], table[near[q] + 1, PLACES]
        if end - first > CROWD:
            weight += weight_in_tree(cells, near[q], x, y, eps2, wanted - weight)
        else:
            for i in range(first, end):
                weight += cells.place_weight[i] * (apart(cells.places[i], x, y) <= eps2)
        if weight >= wanted:
            break
    return weight


@compiled
def weight_in_tree(cells: Cells, cell: int, x: int, y: int, eps2: int, wanted: int) -> int:
    """What lies within eps of a place in a crowded cell; counting ends when `wanted` is reached."""
    grow_tree(cells, cell)
    root, weight = cells.table[cell, BOX], 0
    stack = np.empty((STACK, 3), np.int64)
    depth = push(stack, 0, 0, cells.table[cell, PLACES], cells.table[cell + 1, PLACES])
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


@inlined
def nearest_core(
    table: NDArray[np.int32],
    boxes: NDArray[np.int32],
    places: NDArray[np.int64],
    is_core: Mask,
    cell: int,
    x: int,
    y: int,
    reach2: int,
    best: int,
) -> tuple[int, int]:
    """The core of an uncrowded cell nearest to a place: its squared distance and itself.

    Only one nearer than reach2, or as near and before `best` in the order of places, is looked for; reach2 and
    `best` come back where there is none.
    """
    box = table[cell, BOX]
    if box != NO_BOX and least(boxes, box, x, y) > reach2:
        return reach2, best
    is_all = table[cell, CORES] == ALL
    for i in range(table[cell, PLACES], table[cell + 1, PLACES]):
        if is_all or is_core[i]:
            reach2, best = nearer(places[i], x, y, reach2, best)
    return reach2, best


@compiled
def nearest_in_tree(cells: Cells, cell: int, x: int, y: int, reach2: int, best: int) -> tuple[int, int]:
    """Like `nearest_core`, for a crowded cell."""
    root = cells.table[cell, BOX]
    if least(cells.boxes, root, x, y) > reach2:
        return reach2, best
    grow_tree(cells, cell)
    is_all = cells.table[cell, CORES] == ALL
    stack = np.empty((STACK, 3), np.int64)
    depth = push(stack, 0, 0, cells.table[cell, PLACES], cells.table[cell + 1, PLACES])
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


@inlined
def nearer(place: int, x: int, y: int, reach2: int, best: int) -> tuple[int, int]:
    """The nearer of a place and the best so far; of two as near the one further west, then further south."""
    distance2 = apart(place, x, y)
    if distance2 < reach2 or (distance2 == reach2 and place < best):
        return distance2, place
    return reach2, best


@compiled
def join_groups(cells: Cells, height: int, eps2: int) -> NDArray[np.int32]:
    """Every cell's leader (k,): cells with cores within eps of each other, in steps, have the same, the lowest."""
    keys, table, boxes, places, is_core = cells.keys, cells.table, cells.boxes, cells.places, cells.is_core
    leader = np.arange(keys.shape[0]).astype(np.int32)
    windows, near = np.zeros(5, np.int64), np.empty(MOST_NEIGHBOURS, np.int64)
    for cell in range(keys.shape[0]):
        if table[cell, CORES] == NONE:
            continue
        mine = leader_of(leader, cell)
        for q in range(neighbours(keys, cell, height, windows, near, True)):
            at = near[q]
            if table[at, CORES] == NONE:
                continue
            theirs = leader_of(leader, at)
            if mine == theirs:
                continue
            answer = cores_touch(table, boxes, places, is_core, cell, at, eps2)
            if answer == UNKNOWN:
                answer = crowds_touch(cells, cell, at, eps2)
            if answer:
                leader[max(mine, theirs)] = min(mine, theirs)
                mine = min(mine, theirs)
    for cell in range(keys.shape[0]):
        leader[cell] = leader_of(leader, cell)
    return leader


@inlined
def leader_of(leader: NDArray[np.int32], cell: int) -> int:
    """The leader of a cell's group; the way to it is shortened."""
    while leader[cell] != cell:
        leader[cell] = leader[leader[cell]]
        cell = leader[cell]
    return cell


@inlined
def cores_touch(
    table: NDArray[np.int32],
    boxes: NDArray[np.int32],
    places: NDArray[np.int64],
    is_core: Mask,
    a: int,
    b: int,
    eps2: int,
) -> int:
    """1 when a core of cell a lies within eps of one of cell b, 0 when not, UNKNOWN when crowds hide it."""
    all_a, all_b = table[a, CORES] == ALL, table[b, CORES] == ALL
    box_a, box_b = table[a, BOX], table[b, BOX]
    if min(box_a, box_b) != NO_BOX:
        if gap2(boxes, box_a, box_b) > eps2:
            return 0
        if all_a and all_b and span2(boxes, box_a, box_b) <= eps2:
            return 1
    first_a, end_a = int(table[a, PLACES]), int(table[a + 1, PLACES])
    first_b, end_b = int(table[b, PLACES]), int(table[b + 1, PLACES])
    for i in range(first_a, min(end_a, first_a + CROWD)):
        if not (all_a or is_core[i]):
            continue
        x, y = places[i] >> 32, places[i] & LOW
        if box_b != NO_BOX and least(boxes, box_b, x, y) > eps2:
            continue
        hits = 0
        for j in range(first_b, min(end_b, first_b + CROWD)):
            hits += (all_b | is_core[j]) & (apart(places[j], x, y) <= eps2)
        if hits:
            return 1
    return UNKNOWN if max(end_a - first_a, end_b - first_b) > CROWD else 0


@compiled
def crowds_touch(cells: Cells, a: int, b: int, eps2: int) -> int:
    """Like `cores_touch` where at least one cell is crowded. Of two crowds only boxes that come near are opened."""
    table = cells.table
    count_a = table[a + 1, PLACES] - table[a, PLACES]
    count_b = table[b + 1, PLACES] - table[b, PLACES]
    if min(count_a, count_b) > CROWD:
        return 1 if trees_touch(cells, a, b, eps2) else 0
    small, crowd = (a, b) if count_a < count_b else (b, a)
    for i in range(table[small, PLACES], table[small + 1, PLACES]):
        if table[small, CORES] == ALL or cells.is_core[i]:
            x, y = cells.places[i] >> 32, cells.places[i] & LOW
            if nearest_in_tree(cells, crowd, x, y, eps2 + 1, -1)[0] <= eps2:
                return 1
    return 0


@compiled
def trees_touch(cells: Cells, a: int, b: int, eps2: int) -> bool:
    """Whether cores of two crowded cells come within eps: boxes are opened in pairs, the fuller of two first."""
    grow_tree(cells, a)
    grow_tree(cells, b)
    root_a, root_b, boxes = cells.table[a, BOX], cells.table[b, BOX], cells.boxes
    stack = np.empty((STACK, 6), np.int64)
    push(stack[:, :3], 0, 0, cells.table[a, PLACES], cells.table[a + 1, PLACES])
    depth = push(stack[:, 3:], 0, 0, cells.table[b, PLACES], cells.table[b + 1, PLACES])
    while depth:
        depth -= 1
        node_a, first_a, end_a = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        node_b, first_b, end_b = stack[depth, 3], stack[depth, 4], stack[depth, 5]
        if gap2(boxes, root_a + node_a, root_b + node_b) > eps2:
            continue
        if max(end_a - first_a, end_b - first_b) <= LEAF:
            if leaves_touch(cells, a, b, first_a, end_a, first_b, end_b, eps2):
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
def leaves_touch(cells: Cells, a: int, b: int, first_a: int, end_a: int, first_b: int, end_b: int, eps2: int) -> bool:
    """Whether a core among some places of cell a lies within eps of one among some of cell b."""
    for i in range(first_a, end_a):
        if not (cells.table[a, CORES] == ALL or cells.is_core[i]):
            continue
        x, y = cells.places[i] >> 32, cells.places[i] & LOW
        for j in range(first_b, end_b):
            if (cells.table[b, CORES] == ALL or cells.is_core[j]) and apart(cells.places[j], x, y) <= eps2:
                return True
    return False


@compiled
def first_rows(cells: Cells, leader: NDArray[np.int32]) -> NDArray[np.int32]:
    """The first core row (k,) of each group, at its representative; n elsewhere. Rows of a cell are in order."""
    n = cells.entries.shape[0]
    first = np.full(leader.shape[0], n, np.int32)
    for cell in range(leader.shape[0]):
        if cells.table[cell, CORES] == NONE:
            continue
        i = cells.table[cell, ROWS]
        while cells.table[cell, CORES] == SOME and not cells.is_core[cells.entries[i] >> 32]:
            i += 1
        first[leader[cell]] = min(first[leader[cell]], cells.entries[i] & LOW)
    return first


@compiled
def relabel(leader: NDArray[np.int32], number: NDArray[np.int32]) -> None:
    """Give each cell (k,) the number (k,) that stands at its leader, in place."""
    for cell in range(leader.shape[0]):
        leader[cell] = number[leader[cell]]


@compiled
def label_of_border(
    cells: Cells, label: NDArray[np.int32], cell: int, place: int, near: NDArray[np.int64], eps2: int, to_nearest: bool
) -> int:
    """The label of a place that is no core, or -1: that of the nearest core within eps, or the lowest of all such.

    The place lies in `cell`; near: the cells to look in.
    """
    table, x, y = cells.table, place >> 32, place & LOW
    reach2, best, own = eps2 + 1, -1, -1
    for q in range(near.shape[0]):
        at = near[q]
        if table[at, CORES] == NONE or (not to_nearest and own >= 0 and label[at] >= own):
            continue
        if not to_nearest:
            reach2, best = eps2 + 1, -1
        if at != cell and table[at + 1, PLACES] - table[at, PLACES] > CROWD:
            closer2, nearest = nearest_in_tree(cells, at, x, y, reach2, best)
        else:  # the own cell is never dense, and its places must keep their order now
            closer2, nearest = nearest_core(table, cells.boxes, cells.places, cells.is_core, at, x, y, reach2, best)
        if nearest != best:
            reach2, best, own = closer2, nearest, label[at]
    return own


@compiled
def label_rows(
    cells: Cells,
    label: NDArray[np.int32],
    height: int,
    eps2: int,
    to_nearest: bool,
    found: NDArray[np.int32],
    core: Mask,
) -> None:
    """Write the labels and cores of the incidents (n,), by row, from the label of each cell with cores (k,)."""
    keys, table, places = cells.keys, cells.table, cells.places
    place_label, is_core, entries = cells.place_weight, cells.is_core, cells.entries
    windows, near = np.zeros(5, np.int64), np.empty(MOST_NEIGHBOURS + 1, np.int64)
    for cell in range(keys.shape[0]):
        if table[cell, CORES] == ALL:
            code = 2 * label[cell] + 1  # label and core in one number: half as many far writes
            for i in range(table[cell, ROWS], table[cell + 1, ROWS]):
                found[entries[i] & LOW] = code
            continue
        count = neighbours(keys, cell, height, windows, near, False)
        near[count] = cell
        for i in range(table[cell, PLACES], table[cell + 1, PLACES]):
            if is_core[i]:
                place_label[i] = 2 * label[cell] + 1
                continue
            own = label_of_border(cells, label, cell, places[i], near[: count + 1], eps2, to_nearest)
            place_label[i] = 2 * own
        for i in range(table[cell, ROWS], table[cell + 1, ROWS]):
            found[entries[i] & LOW] = place_label[entries[i] >> 32]
    for row in range(found.shape[0]):
        core[row] = found[row] & 1
        found[row] >>= 1
