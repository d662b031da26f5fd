"""Which passwords are refused: short ones, and those that stand first in every list of guesses.

Length is what counts (NIST SP 800-63B); no rule asks for digits or signs, and none for a change every so often.
"""

import re
import unicodedata
from typing import Final

from app.core.errors import FieldProblem, InvalidError

FEWEST_CHARS: Final = 12
MOST_CHARS: Final = 200
FEWEST_DIFFERENT: Final = 5
ROWS: Final = ("abcdefghijklmnopqrstuvwxyzåäö", "qwertyuiopåasdfghjklöäzxcvbnm", "01234567890123456789")
# What people reach for when a longer one is asked for: one of these, twice, or with a year and a sign behind it.
_WORDS: Final = """
admin administrator arboga changeme dragon football fotboll fredag hammarby hejhej hejsan hemlig hemligt hemligtord
hotspot höst hösten iloveyou kommun kommunen lagesbild letmein lindesta login lägesbild lösen lösenord mamma monkey
måndag pappa password passord polis polisen princess samordnare secret sommar sommaren sunshine superman svenska
sverige test testing trygghet trygghetssamordnare vinter vintern vår våren välkommen welcome master
"""
COMMON: Final = frozenset(_WORDS.split())


def normal(password: str) -> str:
    """One spelling for what looks the same, so that every keyboard gets in."""
    return unicodedata.normalize("NFKC", password)


def normal_username(username: str) -> str:
    """Usernames differ by more than capitals and what cannot be seen."""
    return "".join(c for c in unicodedata.normalize("NFKC", username) if c.isprintable()).strip().casefold()


def check_password(password: str, *names: str) -> None:
    """Refuse a password that is guessed soon. `names`: the username and others that are no secret.

    Raises InvalidError, which does not repeat it.
    """
    chosen = normal(password)
    lowered = chosen.casefold()
    if len(chosen) < FEWEST_CHARS:
        raise _refused("too-short", f"Take at least {FEWEST_CHARS} characters; several words are easy to remember.")
    if len(chosen) > MOST_CHARS:
        raise _refused("too-long", f"Take at most {MOST_CHARS} characters.")
    if len(set(chosen)) < FEWEST_DIFFERENT or _is_in_a_row(lowered):
        raise _refused("too-plain", "The same few characters, or keys in a row, are guessed at once.")
    if _is_common(lowered):
        raise _refused(
            "too-common", "That is one of the first that anybody would try; several unusual words are better."
        )
    if any(len(part) >= FEWEST_DIFFERENT and part in lowered for name in names for part in _parts(name)):
        raise _refused("holds-name", "Leave your name and username out of it.")


def check_username(username: str) -> None:
    """Refuse what cannot be typed again: nothing, control characters, very long. Raises InvalidError."""
    if not username or len(username) > MOST_CHARS or not username.isprintable():
        sentence = "Give a username of printable characters, for example an e-mail address."
        raise InvalidError(sentence, (FieldProblem("username", "not-a-username", sentence),))


def _is_common(lowered: str) -> bool:
    letters = "".join(c for c in lowered if c.isalpha())
    half = letters[: len(letters) // 2]
    return not letters or letters in COMMON or (half * 2 == letters and half in COMMON)


def _is_in_a_row(lowered: str) -> bool:
    return any(lowered in row * 2 or lowered[::-1] in row * 2 for row in ROWS)


def _parts(name: str) -> list[str]:
    return [name.casefold(), *re.split(r"\W+", name.casefold())]


def _refused(code: str, sentence: str) -> InvalidError:
    return InvalidError(sentence, (FieldProblem("password", code, sentence),))
