"""CSV as people save it: any encoding, any separator, titles above, cells too many."""

from pathlib import Path

import pytest

from app.core.errors import UnreadableFileError
from app.core.imports.source import SourceRow
from app.readers import Format, SourceTable, open_file
from app.readers.limits import Limits

TABLE = "id;datum;plats\n1;2024-03-05;Malmö ån\n2;2024-03-06;Växjö Öst\n"
ROWS = [("1", "2024-03-05", "Malmö ån"), ("2", "2024-03-06", "Växjö Öst")]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "upload"


def opened(path: Path, content: str | bytes, encoding: str = "utf-8") -> SourceTable:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return open_file(path, "rapporter.csv")


def cells(table: SourceTable) -> list[tuple[object, ...]]:
    return [row.cells for row in table.rows()]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1252", "cp1252"),
        ("latin-1", "cp1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp850", "cp850"),
        ("mac_roman", "mac_roman"),
    ],
)
def test_the_encoding_is_seen_from_the_letters(saved: Path, written: str, told: str) -> None:
    table = opened(saved, TABLE, written)
    assert (table.format, table.encoding, table.separator) == (Format.CSV, told, ";")
    assert (table.columns, cells(table)) == (("id", "datum", "plats"), ROWS)


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_the_separator_is_the_one_that_parts_evenly(saved: Path, separator: str) -> None:
    table = opened(saved, TABLE.replace(";", separator))
    assert (table.separator, cells(table)) == (separator, ROWS)


def test_decimal_commas_do_not_pass_for_separators(saved: Path) -> None:
    table = opened(saved, "lat;lon;text\n59,33;18,06;a, b, c\n59,34;18,07;d\n")
    assert (table.separator, cells(table)[0]) == (";", ("59,33", "18,06", "a, b, c"))


def test_excels_word_about_the_separator_counts_and_is_no_row(saved: Path) -> None:
    table = opened(saved, "sep=|\na|b\n1,2|3,4\n")
    assert (table.separator, table.columns, list(table.rows())) == ("|", ("a", "b"), [SourceRow(2, ("1,2", "3,4"))])


def test_what_the_caller_says_overrules_the_guess(saved: Path) -> None:
    saved.write_bytes("a,b;å\n1,2;3\n".encode())
    table = open_file(saved, "x.csv", encoding="latin-1", separator=",")
    assert table.columns == ("a", "b;Ã¥")


def test_an_unknown_encoding_is_told(saved: Path) -> None:
    saved.write_text("a;b\n1;2\n")
    with pytest.raises(UnreadableFileError) as caught:
        open_file(saved, "x.csv", encoding="klingon")
    assert caught.value.reason == "not-this-encoding"


def test_rows_are_counted_as_a_spreadsheet_counts_them(saved: Path) -> None:
    table = opened(saved, 'a;b\n1;"två\nrader"\n\n;\n2;x\n')
    assert [(row.number, row.cells) for row in table.rows()] == [(2, ("1", "två\nrader")), (5, ("2", "x"))]


def test_reading_can_begin_at_any_row(saved: Path) -> None:
    table = opened(saved, "a;b\n" + "".join(f"{i};x\n" for i in range(2, 50)))
    assert [row.number for row in table.rows(47)] == [47, 48, 49]
    assert [row.number for row in table.rows()] == list(range(2, 50))


def test_titles_above_the_header_are_passed_over(saved: Path) -> None:
    table = opened(saved, "Rapport 2024;;\n\nNr;Datum;Plats\n1;2024-01-01;A\n2;2024-01-02;B\n")
    assert (table.columns, [row.number for row in table.rows()]) == (("Nr", "Datum", "Plats"), [4, 5])


def test_a_table_without_a_header_gets_numbered_columns(saved: Path) -> None:
    table = opened(saved, "1,2024-03-05 22:15,59.33,18.06\n2,2024-03-06 22:15,59.34,18.07\n")
    assert table.columns == ("column 1", "column 2", "column 3", "column 4")
    assert [row.number for row in table.rows()] == [1, 2]


def test_every_column_has_a_name_of_its_own(saved: Path) -> None:
    table = opened(saved, "typ;typ;;typ (2)\na;b;c;d\n")
    assert table.columns == ("typ", "typ (2)", "column 3", "typ (2) (2)")


def test_a_header_that_comes_again_is_told_and_counted(saved: Path) -> None:
    table = opened(saved, "a;b;c\n1;2;3\n a ;b;c\n4;5;6\n")
    assert [row.problem for row in table.rows()] == [None, "repeated-header", None]


def test_a_header_shorter_than_its_rows_is_no_fault_when_nothing_stands_there(saved: Path) -> None:
    table = opened(saved, "a;b\n1;2;\n3;4;5\n6\n")
    assert [(row.cells, row.problem) for row in table.rows()] == [
        (("1", "2"), None),
        (("3", "4"), "too-many-cells"),
        (("6", ""), None),
    ]


def test_a_quotation_mark_that_is_not_closed_is_told_at_its_row(saved: Path) -> None:
    swallowed = "".join(f"{i};2024-01-01;Storgatan;text\n" for i in range(10))
    table = opened(
        saved, f'id;datum;gata;text\n1;2024-01-01;A;"öppet\n{swallowed}2;2024-01-01;B;slut"\n3;2024-01-01;C;x\n'
    )
    assert [row.problem for row in table.rows()] == ["unclosed-quote", None]


def test_a_few_broken_letters_spoil_only_their_own_row(saved: Path) -> None:
    good = "å;ö\n".encode() * 50
    table = opened(saved, b"a;b\n" + good + b"x\xe5;y\n" + good)
    assert table.encoding == "utf-8"
    assert sum("\udce5" in str(row.cells[0]) for row in table.rows()) == 1


def test_a_cell_without_end_is_refused_in_bounded_memory(saved: Path) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        opened(saved, b"a;b\n1;" + b"x" * 12_000_000)
    assert caught.value.reason == "line-too-long"


def test_a_long_cell_spoils_only_its_row(saved: Path) -> None:
    table = opened(saved, f"a;b\n1;{'x' * 200_000}\n2;y\n")
    assert [(row.problem, row.cells) for row in table.rows()] == [("cell-too-long", ("", "")), (None, ("2", "y"))]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"  \r\n \n", "empty"), (b"a;b\n", "no-rows"), (b";;\n;;\n", "empty")],
)
def test_a_file_with_nothing_in_it_is_told_so(saved: Path, content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        opened(saved, content)
    assert caught.value.reason == reason


def test_more_columns_or_rows_than_anybody_means_are_refused(saved: Path) -> None:
    saved.write_text(";".join(map(str, ["a"] * 50)) + "\n" + ";" * 49 + "x\n")
    with pytest.raises(UnreadableFileError) as caught:
        open_file(saved, "x.csv", limits=Limits(columns=40))
    assert caught.value.reason == "too-many-columns"
    saved.write_text("a;b\n" + "1;2\n" * 20)
    with pytest.raises(UnreadableFileError) as caught:
        list(open_file(saved, "x.csv", limits=Limits(rows=10)).rows())
    assert caught.value.reason == "too-many-rows"
