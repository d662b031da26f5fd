"""Street names that could stand in any small Swedish town; none of them points at a real one."""

import numpy as np

_FIRST = (
    "Kungs", "Drottning", "Kapell", "Skol", "Kyrko", "Sjö", "Kvarn", "Smed", "Bryggar", "Trädgårds",
    "Linden", "Björk", "Ek", "Alm", "Ask", "Tall", "Rönn", "Hägg", "Gran", "Lönn", "Hassel",
    "Verkstads", "Bergs", "Ängs", "Åker", "Vinter", "Sommar", "Nygårds", "Prost", "Klockar",
    "Borgmästar", "Råd", "Gruv", "Hytt", "Park", "Idrotts", "Skogs", "Lärk", "Svan", "Trast", "Orr",
    "Duv", "Sparv", "Hök", "Fink", "Blåklocks", "Liljekonvalj", "Smultron", "Hallon", "Lingon", "Odon",
    "Viol", "Tistel", "Klöver", "Timotej", "Havre", "Råg", "Korn", "Lie", "Sme", "Snickar", "Murar",
    "Målar", "Garvar", "Vävar", "Spinnar", "Sadelmakar", "Mjölnar", "Fiskar", "Jägar", "Stig", "Kolar",
    "Masmästar", "Hammar", "Stång", "Slagg", "Malm", "Koppar", "Silver", "Järn", "Tegel", "Sten",
    "Grus", "Backa", "Kulle", "Dal", "Mosse", "Kärr", "Äng", "Hag", "Lund", "Brunns", "Källar", "Damm",
    "Ström", "Fors", "Bäck", "Vik", "Udd", "Strand",
)  # fmt: skip
_LAST = ("gatan", "vägen", "gränd", "stigen")
_COMPASS = ("Norra", "Södra", "Östra", "Västra", "Gamla", "Nya")
_COMPASS_LAST = ("Långgatan", "Tvärgatan", "Bruksvägen", "Kyrkvägen")


def street_names(rng: np.random.Generator, taken: frozenset[str]) -> list[str]:
    """All names of the pool in a drawn order, without those a main street has already."""
    pool = [compound(f, last) for f in _FIRST for last in _LAST] + [
        f"{c} {last}" for c in _COMPASS for last in _COMPASS_LAST
    ]
    free = sorted(set(pool) - taken)
    return [free[i] for i in rng.permutation(len(free))]


def compound(first: str, last: str) -> str:
    """One Swedish word of two; of three equal letters at the joint one goes: Slagg + gränd is Slaggränd."""
    return first[:-1] + last if first.endswith(last[0] * 2) else first + last
