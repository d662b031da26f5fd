"""Excel: cells keep their kinds, the sheet with something in it is read, and no sheet takes the process down."""

import zipfile
from datetime import date, datetime, time
from pathlib import Path

import pytest

from app.core.errors import UnreadableFileError
from app.readers import Format, open_file
from app.readers.limits import Limits
from tests.readers.making import workbook, workbook_of_xml

FAR_OUT = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
) + "]>"  # fmt: skip


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "upload"


def reason_of(path: Path, **limits: int) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        list(open_file(path, "rapporter.xlsx", limits=Limits(**limits)).rows())
    return caught.value.reason


def test_cells_keep_their_kinds(saved: Path) -> None:
    when = datetime(2024, 3, 5, 22, 15)  # noqa: DTZ001 -- as a sheet has it
    rows = [
        ["Datum", "Tid", "När", "Nr", "Text", "Sant"],
        [date(2024, 3, 5), time(22, 15), when, 815, "å", True],
        [None, 2215, None, 1.5, " x ", False],
    ]
    table = open_file(workbook(saved, rows), "rapporter.xlsx")
    assert (table.format, table.layer, table.columns) == (Format.XLSX, "Blad1", tuple(rows[0]))
    assert [row.cells for row in table.rows()] == [tuple(rows[1]), ("", 2215, "", 1.5, "x", False)]


def test_rows_have_the_numbers_of_the_sheet_and_reading_begins_anywhere(saved: Path) -> None:
    rows = [["Utdrag"], [], ["a", "b"], [1, 2], [], [3, 4], ["a", "b"], [5, 6, 7]]
    table = open_file(workbook(saved, rows), "rapporter.xlsx")
    assert [(row.number, row.problem) for row in table.rows()] == [
        (4, None),
        (6, None),
        (7, "repeated-header"),
        (8, "too-many-cells"),
    ]
    assert [row.number for row in table.rows(6)] == [6, 7, 8]


def test_the_first_sheet_with_something_in_it_is_read_unless_another_is_wished(saved: Path) -> None:
    workbook(saved, [], [["a", "b"], [1, 2]])
    assert open_file(saved, "x.xlsx").layer == "Blad2"
    workbook(saved, [["a", "b"], [1, 2]], [["c", "d"], [3, 4]])
    table = open_file(saved, "x.xlsx", layer="Blad2")
    assert (table.columns, table.layers) == (("c", "d"), ("Blad1", "Blad2"))
    with pytest.raises(UnreadableFileError) as caught:
        open_file(saved, "x.xlsx", layer="Blad9")
    assert (caught.value.reason, "Blad1, Blad2" in caught.value.message) == ("no-such-layer", True)


def test_a_cell_far_out_does_not_end_the_process(saved: Path) -> None:
    assert reason_of(workbook_of_xml(saved, [FAR_OUT])) == "too-many-cells"


def test_more_cells_than_anybody_means_are_refused(saved: Path) -> None:
    assert reason_of(workbook(saved, [["a", "b"]] * 100), sheet_cells=50) == "too-many-cells"


def test_entities_are_not_unfolded(saved: Path) -> None:
    cell = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>&j;</t></is></c></row>'
    )
    workbook_of_xml(saved, [cell + cell.replace('"1"', '"2"')], head=LAUGHS)
    try:
        found = [str(row.cells) for row in open_file(saved, "x.xlsx").rows()]
    except UnreadableFileError as error:
        assert error.reason in {"damaged", "no-rows"}  # noqa: PT017 -- either is well
    else:
        assert all(len(cells) < 1_000 for cells in found)


def test_links_to_other_workbooks_are_not_followed(saved: Path) -> None:
    linked = '<externalReferences><externalReference r:id="r9"/></externalReferences>'
    table = open_file(workbook(saved, [["a", "b"], [1, 2]], extra=linked), "x.xlsx")
    assert [row.cells for row in table.rows()] == [(1, 2)]


def test_a_workbook_that_unpacks_without_end_is_refused(saved: Path) -> None:
    workbook(saved, [["a", "b"], [1, 2]])
    with zipfile.ZipFile(saved, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", b"\0" * 60_000_000)
    assert reason_of(saved) == "too-large-unpacked"


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, b"PK\x03\x04" + b"junk" * 50])
def test_a_damaged_workbook_is_told(saved: Path, content: bytes) -> None:
    saved.write_bytes(content)
    assert reason_of(saved) == "damaged"


def test_a_workbook_cut_off_is_told(saved: Path) -> None:
    workbook(saved, [["a", "b"]] * 1000)
    saved.write_bytes(saved.read_bytes()[:-100])
    assert reason_of(saved) == "damaged"


def test_an_empty_workbook_is_told(saved: Path) -> None:
    assert reason_of(workbook(saved, [])) == "empty"
