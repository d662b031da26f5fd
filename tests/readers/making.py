"""Files made for tests: workbooks written by hand, since nothing of ours writes them."""

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm"/></numFmts>'
    '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="20" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
_FIRST = datetime(1899, 12, 30)  # noqa: DTZ001 -- as Excel counts


def workbook(
    path: Path, *sheets: Sequence[Sequence[Any]], names: Sequence[str] = ("Blad1", "Blad2"), extra: str = ""
) -> Path:
    """A workbook with these rows."""
    return workbook_of_xml(path, [_rows(rows) for rows in sheets], names, extra=extra)


def workbook_of_xml(
    path: Path, sheets: Sequence[str], names: Sequence[str] = ("Blad1",), *, head: str = "", extra: str = ""
) -> Path:
    """A workbook whose sheets are these rows as XML. head: what stands before the root of each sheet."""
    listed = "".join(f'<sheet name="{names[i]}" sheetId="{i + 1}" r:id="r{i + 1}"/>' for i in range(len(sheets)))
    related = "".join(
        f'<Relationship Id="r{i + 1}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{i + 1}.xml"/>'
        for i in range(len(sheets))
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        target = f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", _RELATIONS.format(target))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets>{extra}</workbook>',
        )
        styles = f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        archive.writestr("xl/_rels/workbook.xml.rels", _RELATIONS.format(related + styles))
        archive.writestr("xl/styles.xml", _STYLES)
        for i, rows in enumerate(sheets):
            text = f'<?xml version="1.0"?>{head}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
            archive.writestr(f"xl/worksheets/sheet{i + 1}.xml", text)
    return path


def _rows(rows: Sequence[Sequence[Any]]) -> str:
    made = ""
    for i, row in enumerate(rows, start=1):
        cells = (_cell(f"{_letters(j)}{i}", value) for j, value in enumerate(row) if value is not None)
        made += f'<row r="{i}">{"".join(cells)}</row>'
    return made


def _letters(column: int) -> str:
    return chr(65 + column) if column < 26 else _letters(column // 26 - 1) + chr(65 + column % 26)


def _cell(place: str, value: Any) -> str:
    match value:
        case bool():
            return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
        case datetime():
            return f'<c r="{place}" s="2"><v>{(value - _FIRST).total_seconds() / 86_400}</v></c>'
        case date():
            return f'<c r="{place}" s="1"><v>{(value - _FIRST.date()).days}</v></c>'
        case time():
            return f'<c r="{place}" s="3"><v>{(value.hour * 60 + value.minute) / 1440}</v></c>'
        case int() | float():
            return f'<c r="{place}"><v>{value}</v></c>'
        case _:
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'
