"""Run by Debian's own Python, which has QGIS: open the layers as the program does, and tell what it sees as JSON."""

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

address, token, style, picture = sys.argv[1:5]
application = QgsApplication([], False)
application.initQgis()
manager = application.authManager()
manager.setMasterPassword("of this test only", True)
held = QgsAuthMethodConfig("Basic")
held.setName("lagesbild")
held.setConfig("username", "qgis")
held.setConfig("password", token)
manager.storeAuthenticationConfig(held)


def layer(name: str, system: str = "EPSG:4326") -> QgsVectorLayer:
    source = (
        f"url='{address}' typename='{name}' authcfg={held.id()} srsname='{system}' version='OGC_API_FEATURES'"
        " pagingEnabled='true' pageSize='1000'"
    )
    return QgsVectorLayer(source, name, "OAPIF")


incidents, hotspots = layer("incidents"), layer("hotspots")
told = {
    "valid": incidents.isValid() and hotspots.isValid(),
    "error": incidents.dataProvider().error().message() if incidents.dataProvider() else "no provider",
    "fields": [field.name() for field in incidents.fields()],
}
features = list(incidents.getFeatures())
told["count"] = len(features)
told["texts"] = sorted({feature["text"] for feature in features if feature["text"]})
box = QgsFeatureRequest().setFilterRect(QgsRectangle(15.8475, 59.6468, 15.8495, 59.6478))
told["in_box"] = sum(1 for _ in incidents.getFeatures(box))
told["style"] = hotspots.loadNamedStyle(style)[1]
told["renderer"] = hotspots.renderer().type()
tiles = QgsVectorTileLayer(
    f"type=xyz&url={address}/collections/incidents/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}&zmin=0&zmax=14"
    f"&authcfg={held.id()}",
    "tiles",
)
told["tiles_valid"] = tiles.isValid()


def drawn(layers: list, extent: QgsRectangle, system: str, file: str) -> int:
    """How many pixels are not background."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setBackgroundColor(QColor(255, 255, 255))
    settings.setOutputSize(QSize(300, 300))
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(system))
    settings.setExtent(extent)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(file)
    white = QColor(255, 255, 255).rgb()
    return sum(image.pixel(x, y) != white for x in range(0, 300, 2) for y in range(0, 300, 2))


town = QgsRectangle(15.75, 59.55, 15.95, 59.75)
metres = QgsCoordinateTransform(
    QgsCoordinateReferenceSystem("EPSG:4326"), QgsCoordinateReferenceSystem("EPSG:3857"), QgsProject.instance()
).transformBoundingBox(town)
told["pixels"] = drawn([incidents], town, "EPSG:4326", picture)
told["tile_pixels"] = drawn([tiles], metres, "EPSG:3857", picture + ".tiles.png")
print(json.dumps(told))  # noqa: T201 -- what the test reads
sys.stdout.flush()
import os  # noqa: E402

os._exit(0)  # QGIS may crash when it takes itself down
