"""/api/v1/places: the place register that imports look names up in."""

from fastapi import APIRouter

from app.api.schemas.base import LonLat
from app.api.schemas.places import PlaceList, PlaceOut
from app.core.permissions import May, check_may
from app.edge.bodies import JsonRoute
from app.edge.dependencies import ReadTx
from app.edge.problems import documented
from app.store import places as store

router = APIRouter(prefix="/places", tags=["imports"], route_class=JsonRoute)


@router.get("", responses=documented())
def get_places(tx: ReadTx) -> PlaceList:
    """The organisation's places, by name. `lagesbild places import` loads them."""
    check_may(tx.actor, May.IMPORT_FILES)
    return PlaceList(
        places=[
            PlaceOut(
                id=place.id,
                name=place.name,
                aliases=list(place.aliases),
                within=place.within,
                position=LonLat(lon=place.lon, lat=place.lat),
                location_uncertainty_m=place.location_uncertainty_m,
            )
            for place in store.all_of(tx)
        ]
    )
