"""Names made comparable: of columns, of categories, of places."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_CAMEL = re.compile(r"(?<=[a-zåäö0-9])(?=[A-ZÅÄÖ])")
_APART = re.compile(r"[^0-9a-z]+")
_LETTERS: Final = str.maketrans({"ø": "o", "æ": "a", "ß": "ss", "ð": "d", "þ": "th", "ł": "l"})


@lru_cache(maxsize=10_000)
def words(name: str) -> str:
    """Small letters without accents, words parted by one space: "BROTTSDATUMTID_Start" is "brottsdatumtid start"."""
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", name).casefold().translate(_LETTERS))
    return _APART.sub(" ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


def compact(name: str) -> str:
    """The same without spaces, so that "Brotts kod" and "BROTTSKOD" are equal."""
    return words(name).replace(" ", "")
