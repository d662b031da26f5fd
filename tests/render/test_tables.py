"""CSV that spreadsheets read rightly and carry nothing out of."""

import csv
import io

import pytest

from app.render.tables import BYTE_ORDER_MARK, csv_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1"])
def test_a_text_that_a_spreadsheet_would_carry_out_is_told_to_be_text(text: str) -> None:
    [[cell]] = csv.reader(io.StringIO(csv_text([[text]]), newline=""))
    assert cell == f"'{text}"


def test_other_values_are_themselves() -> None:
    assert csv_text([["a;b", 'say "x"', -1, None, 1.5]]) == 'a;b,"say ""x""",-1,,1.5\r\n'


def test_only_a_files_first_rows_bear_the_mark() -> None:
    assert csv_text([["å"]], is_first=True) == f"{BYTE_ORDER_MARK}å\r\n"
    assert csv_text([]) == ""
