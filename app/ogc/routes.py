"""All of the OGC API under /ogc."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute

from app.core.errors import InvalidError, ParameterError
from app.core.features import Collection
from app.core.permissions import Actor
from app.edge.dependencies import Slot
from app.ogc import items, metadata, openapi, styles, tiles
from app.ogc.links import PREFIX
from app.ogc.remembering import Remembered

DataPage = Callable[[Request, Actor, str, Collection | None, dict[str, Any]], Response]


class OgcRoute(APIRoute):
    """The standard calls every wrong value a bad request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler, with the standard's status."""
        usual = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await usual(request)
            except InvalidError as error:
                raise ParameterError(error.message, error.problems) from error

        return handler


router = APIRouter(prefix=PREFIX, route_class=OgcRoute, include_in_schema=False, dependencies=[Slot])
OF_COLLECTION = "/collections/{collection_id}"
ROUTES: dict[str, Callable[..., Response]] = {
    "": metadata.landing,
    "/": metadata.landing,
    "/conformance": metadata.conformance,
    "/api": openapi.api,
    "/collections": metadata.collections,
    OF_COLLECTION: metadata.collection,
    f"{OF_COLLECTION}/queryables": metadata.queryables,
    f"{OF_COLLECTION}/schema": metadata.schema,
    f"{OF_COLLECTION}/items": items.page,
    f"{OF_COLLECTION}/items/{{feature_id}}": items.one,
    f"{OF_COLLECTION}/style.qml": styles.qml,
    f"{OF_COLLECTION}/tiles": tiles.tilesets,
    f"{OF_COLLECTION}/tiles/{{set_id}}": tiles.tileset,
    f"{OF_COLLECTION}/tiles/{{set_id}}/{{z}}/{{row}}/{{col}}": tiles.tile,
    "/tileMatrixSets": tiles.tile_matrix_sets,
    "/tileMatrixSets/{set_id}": tiles.tile_matrix_set,
}
for path, endpoint in ROUTES.items():
    router.add_api_route(path, endpoint, methods=["GET"], response_model=None)


def install(app: FastAPI, *, page: DataPage) -> None:
    """Serve map clients; `page` shows a document to people."""
    app.state.data_page = page
    app.state.remembered = Remembered()
    app.include_router(router)
