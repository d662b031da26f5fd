"""From the police's crime codes (brottskoder) to our categories, as shipped: a proposal that organisations change.

A code's first two digits follow the chapters of the penal code, or stand for a law of its own. "08*" is every code
that begins so; the longest that fits counts.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SHIPPED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "03*": "VAL",  # life and health
        "04*": "HOT",  # liberty and peace
        "05*": "HOT",  # defamation
        "06*": "VAL",  # sexual offences
        "08*": "TIL",  # theft, robbery and other taking
        "09*": "BED",  # fraud
        "10*": "BED",  # embezzlement
        "12*": "SKD",  # damage
        "13*": "BRA",  # crimes dangerous to the public
        "16*": "SAM",  # public order
        "17*": "PERS",  # against those in public service
        "30*": "TRA",  # traffic
        "50*": "NAR",  # narcotics
        "93*": "VAL",  # assault, by relation and place
        "96*": "VAL",  # sexual offences, by relation and place
    }
)
