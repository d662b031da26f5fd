"""Words and names: every reason has both languages, names are compared without their dress."""

import re
from pathlib import Path

import pytest

from app.core import ingest
from app.core.categories import SHIPPED
from app.core.imports import columns, names, words
from app.core.imports.categories import LEFT_OUT, Matcher


@pytest.mark.parametrize("reason", sorted(words.FILE_REASONS))
def test_every_reason_against_a_file_is_told_in_both_languages(reason: str) -> None:
    keys = ("row", "most", "ratio", "names", "missing", "cells", "encoding", "swedish", "english")
    error = words.unreadable(reason, **dict.fromkeys(keys, "x"))
    assert (error.reason, error.message) == (reason, error.messages["en"])
    assert error.messages["sv"] != error.messages["en"]
    assert all(text.endswith((".", "x.")) and "{" not in text for text in error.messages.values())


def test_whatever_the_gate_says_has_words() -> None:
    gate = Path(ingest.__file__).read_text(encoding="utf-8") + Path(ingest.geo.__file__).read_text(encoding="utf-8")
    slugs = set(re.findall(r'FieldProblem\(\s*(?:"[\w.]+"|field), "([\w-]+)"', gate))
    assert len(slugs) > 8
    assert slugs <= words.ROW_CODES


@pytest.mark.parametrize("code", sorted(words.ROW_CODES))
def test_every_problem_of_a_row_is_told_in_both_languages(code: str) -> None:
    values = {"most": "5", "places": "A"}
    swedish, english = (words.of_row(code, language, values) for language in ("sv", "en"))
    assert swedish != english
    assert "{" not in swedish + english


def test_names_are_compared_without_case_accents_and_joints() -> None:
    assert names.words("BROTTSDATUMTID_Start") == "brottsdatumtid start"
    assert names.words("  Händelse-Typ (kod)") == "handelse typ kod"
    assert names.compact("PrimaryType") == names.compact("primary_type") == "primarytype"
    assert names.words("Ærø") == "aro"


@pytest.mark.parametrize(
    ("header", "srid"),
    [
        (("x", "y"), None),
        (("X_3008", "Y_3008"), 3008),
        (("N SWEREF99 TM", "E SWEREF99 TM"), 3006),
        (("N SWEREF 99 13 30",), 3008),
        (("SWEREF99_1800_N",), 3011),
        (("SWEREF 99 12 34",), None),
        (("RT90_X",), 3021),
    ],
)
def test_headers_tell_the_coordinate_system(header: tuple[str, ...], srid: int | None) -> None:
    assert columns.said_srid(header) == srid


def test_numbers_of_registers_are_known_by_name() -> None:
    assert all(map(columns.is_reference_name, ("ID", "Ärendenr", "object_id", "lsoa_code", "GUID")))
    assert not any(map(columns.is_reference_name, ("anmälare", "namn", "telefon", "fritext")))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("KLO", "KLO"),
        ("skadegörelse", "SKD"),
        ("Våld", "VAL"),
        ("Vandalism", "SKD"),
        ("Rattfylleri", "TRA"),
        ("Misshandel, grov", "VAL"),
        ("Stöld ur bil", "BIL"),
        ("Inbrott i bostad", "INB"),
        ("Inbrott källare", "INF"),
        ("Skottlossning", "SKJ"),
        ("Rån mot butik", "RAN"),
        ("Sammanfattning natt", LEFT_OUT),
        ("Fylleri/LOB", "PAV"),
        ("THEFT FROM AUTO", "BIL"),
        ("Break and Enter Residential/Other", "INB"),
        ("Hit and Run", "TRA"),
        ("Drugs", "NAR"),
        ("Anti-social behaviour", "SAM"),
        ("Larceny - All Other", "TIL"),
        ("Violence and sexual offences", "VAL"),
        ("Graffiti", "KLO"),
        ("Bedrägeri", "BED"),
        ("Nedskräpning", "NED"),
        ("Hot mot tjänsteman", "PERS"),
        ("Olaga hot", "HOT"),
        ("veteran", None),
        ("Iran", None),
        ("Granne", None),
        ("", None),
        ("smurf", None),
    ],
)
def test_values_in_two_languages_mean_our_categories(value: str, code: str | None) -> None:
    assert Matcher(SHIPPED).named(value) == code


def test_only_categories_that_the_organisation_has_are_meant() -> None:
    few = Matcher([category for category in SHIPPED if category.code in {"TIL", "OVR"}])
    assert (few.named("Stöld ur bil"), few.named("Klotter"), few.named("OVR")) == ("TIL", None, "OVR")


def test_what_is_too_long_for_a_name_names_nothing() -> None:
    """The rules took minutes for a cell of 200,000 characters."""
    assert Matcher(SHIPPED).named("klotter " + "x" * 300) is None
