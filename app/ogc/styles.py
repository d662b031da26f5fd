"""A ready style for QGIS: the colours of the product's own map."""

from itertools import pairwise
from typing import Final

from fastapi import Request, Response

from app.core.errors import NotFoundError
from app.core.features import HOTSPOTS
from app.ogc import parameters, visits

HEAT: Final = ("#fbe6b0", "#f5b54f", "#df7a22", "#b1440e", "#742608")  # as app/web/static/app.css has them
_BOUNDS: Final = (0, 10, 20, 40, 80, 1_000_000)  # incidents


def qml(request: Request, collection_id: str) -> Response:
    """The style of the hot spots."""
    visit = visits.of(request)
    found = visits.collection(visit, collection_id)
    parameters.asked(request)
    if found is not HOTSPOTS:
        raise NotFoundError("There is a style for hot spots only.")
    headers = {"Content-Disposition": 'attachment; filename="hotspots.qml"', "Cache-Control": "private, max-age=3600"}
    return Response(document(), media_type="application/xml", headers=headers)


def document() -> str:
    """Outlines filled by how many incidents they hold, with the rank written on them."""
    ranges = "".join(
        f'<range render="true" symbol="{i}" lower="{low}" upper="{high}" label="{_label(low, high)}"/>'
        for i, (low, high) in enumerate(pairwise(_BOUNDS))
    )
    symbols = "".join(_symbol(i, colour) for i, colour in enumerate(HEAT))
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22" styleCategories="Symbology|Labeling" labelsEnabled="1">'
        '<renderer-v2 type="graduatedSymbol" attr="count" graduatedMethod="GraduatedColor" enableorderby="0"'
        f' forceraster="0" symbollevels="0"><ranges>{ranges}</ranges><symbols>{symbols}</symbols></renderer-v2>'
        '<labeling type="simple"><settings calloutType="simple"><text-style fieldName="rank" isExpression="0"'
        ' fontFamily="Source Sans 3" fontSize="10" fontSizeUnit="Point" fontWeight="75" textColor="40,34,28,255">'
        '<text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" bufferColor="255,255,255,255"/>'
        '</text-style><placement placement="1"/></settings></labeling></qgis>\n'
    )


def _label(low: int, high: int) -> str:
    return f"{low}–{high - 1} händelser" if high < _BOUNDS[-1] else f"{low} händelser eller fler"


def _symbol(name: int, colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    told = {
        "color": f"{red},{green},{blue},170",
        "outline_color": "116,38,8,255",
        "outline_style": "solid",
        "outline_width": "0.4",
        "outline_width_unit": "MM",
        "style": "solid",
    }
    options = "".join(f'<Option name="{key}" type="QString" value="{value}"/>' for key, value in told.items())
    return (
        f'<symbol name="{name}" type="fill" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">{options}</Option></layer>'
        "</symbol>"
    )
