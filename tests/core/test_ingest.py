"""The gate: every row becomes a draft or is told everything that is wrong with it."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import SetupError
from app.core.geo import Position
from app.core.incidents import IncidentDraft, RawIncident
from app.core.ingest import EARLIEST, Checked, IngestRules, OutsideArea, check
from app.core.personal_data import Pattern, has_identity_number

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
STOCKHOLM = ZoneInfo("Europe/Stockholm")
AREA = shapely.box(15, 59, 16, 60)
RULES = IngestRules(now=NOW, categories=frozenset({"SKD", "KLO"}), area=AREA)
RAW = RawIncident(
    category="SKD",
    occurred_from=NOW - DAY,
    position=Position(15.5, 59.5),
    source="kommunen",
)
# The check digit is whatever makes it one, so that no real number has to be written down.
IDENTITY_NUMBER = next(f"810101-000{digit}" for digit in range(10) if has_identity_number(f"810101-000{digit}"))
MARKER = "HEMLIGT"


def problems_of(rules: IngestRules = RULES, **claims: Any) -> list[tuple[str, str]]:
    (problems,) = check([replace(RAW, **claims)], rules).problems
    return [(problem.field, problem.code) for problem in problems]


def draft_of(rules: IngestRules = RULES, **claims: Any) -> IncidentDraft:
    checked = check([replace(RAW, **claims)], rules)
    (draft,) = checked.drafts
    assert draft is not None, checked.problems
    return draft


def test_a_good_row_becomes_a_draft() -> None:
    assert draft_of() == IncidentDraft(
        category="SKD",
        occurred_from=NOW - DAY,
        occurred_to=None,
        lon=15.5,
        lat=59.5,
        location_uncertainty_m=None,
        source="kommunen",
        source_ref=None,
        text=None,
    )


def test_no_rows_give_nothing() -> None:
    assert check([], RULES) == Checked([], [])


def test_now_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(RULES, now=NOW.replace(tzinfo=None))


def test_instants_are_brought_to_utc() -> None:
    draft = draft_of(
        occurred_from=datetime(2026, 5, 1, 1, tzinfo=STOCKHOLM),
        occurred_to=datetime(2026, 5, 1, 2, tzinfo=STOCKHOLM),
    )
    assert draft.occurred_from == datetime(2026, 4, 30, 23, tzinfo=UTC)
    assert draft.occurred_to is not None
    assert draft.occurred_from.tzinfo is draft.occurred_to.tzinfo is UTC


def test_an_interval_across_the_hour_that_comes_twice_is_no_interval_backwards() -> None:
    start = datetime(2026, 10, 25, 2, 45, tzinfo=STOCKHOLM)
    assert draft_of(occurred_from=start, occurred_to=datetime(2026, 10, 25, 2, 15, tzinfo=STOCKHOLM, fold=1))


def test_metres_are_brought_to_degrees() -> None:
    draft = draft_of(position=Position(528_000, 6_595_000, "EPSG:3006"))
    assert (draft.lon, draft.lat) == pytest.approx((15.494, 59.492), abs=1e-3)


def test_text_is_kept_but_for_its_ends_its_accents_and_its_line_feeds() -> None:
    text = "  Två\tbråkade\r\nvid A\u030angströms\rtorg \n"
    assert draft_of(text=text).text == "Två\tbråkade\nvid Ångströms\ntorg"


def test_blank_texts_are_no_texts() -> None:
    draft = draft_of(text=" \n", source_ref="  ")
    assert (draft.text, draft.source_ref) == (None, None)


FAR_FUTURE = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=5)))
FAR_PAST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"category": "XXX"}, ("category", "unknown-category")),
        ({"category": "skd"}, ("category", "unknown-category")),
        ({"position": Position(59.5, 15.5)}, ("position", "swapped-axes")),
        ({"position": Position(math.nan, 59.5)}, ("position.lon", "not-finite")),
        ({"position": Position(14.9, 59.5)}, ("position", "outside-area")),
        ({"position": Position(2.35, 48.86)}, ("position", "outside-area")),
        ({"occurred_from": NOW + timedelta(minutes=6)}, ("occurred_from", "in-future")),
        ({"occurred_from": FAR_FUTURE}, ("occurred_from", "in-future")),
        ({"occurred_from": FAR_PAST}, ("occurred_from", "too-early")),
        ({"occurred_from": EARLIEST - timedelta(microseconds=1)}, ("occurred_from", "too-early")),
        ({"occurred_from": NOW.replace(tzinfo=None)}, ("occurred_from", "naive-time")),
        ({"occurred_to": NOW + timedelta(minutes=6)}, ("occurred_to", "in-future")),
        ({"occurred_to": NOW - 2 * DAY}, ("occurred_to", "before-start")),
        ({"occurred_to": NOW.replace(tzinfo=None)}, ("occurred_to", "naive-time")),
        ({"location_uncertainty_m": math.nan}, ("location_uncertainty_m", "not-finite")),
        ({"location_uncertainty_m": -math.inf}, ("location_uncertainty_m", "not-finite")),
        ({"location_uncertainty_m": -0.1}, ("location_uncertainty_m", "out-of-range")),
        ({"location_uncertainty_m": 100_000.1}, ("location_uncertainty_m", "out-of-range")),
        ({"source": ""}, ("source", "missing")),
        ({"source": " \n "}, ("source", "missing")),
        ({"source": "x" * 61}, ("source", "too-long")),
        ({"source": "a\0b"}, ("source", "control-character")),
        ({"source": IDENTITY_NUMBER}, ("source", "personal-data")),
        ({"source": "namn@exempel.se"}, ("source", "personal-data")),
        ({"source_ref": "x" * 101}, ("source_ref", "too-long")),
        ({"source_ref": "a\x1fb"}, ("source_ref", "control-character")),
        ({"text": "x" * 4001}, ("text", "too-long")),
        ({"text": "a\x7fb"}, ("text", "control-character")),
        ({"text": "a\x96b"}, ("text", "control-character")),
        ({"text": "a\ud800b"}, ("text", "control-character")),
        ({"text": f"Han heter {IDENTITY_NUMBER}"}, ("text", "personal-data")),
        ({"text": "Volvo ABC 123"}, ("text", "personal-data")),
        ({"text": "ring 070-123 45 67"}, ("text", "personal-data")),
    ],
)
def test_a_bad_value_is_refused_by_its_field_and_kind(claims: dict[str, Any], expected: tuple[str, str]) -> None:
    assert problems_of(**claims) == [expected]


@pytest.mark.parametrize(
    "claims",
    [
        {"occurred_from": NOW + timedelta(minutes=5)},
        {"occurred_from": EARLIEST},
        {"occurred_to": NOW - DAY},
        {"occurred_to": NOW + timedelta(minutes=5)},
        {"location_uncertainty_m": 0.0},
        {"location_uncertainty_m": 100_000},
        {"source": "x" * 60},
        {"source_ref": "x" * 100},
        {"text": "x" * 4000 + " "},
        {"position": Position(15, 59)},
    ],
)
def test_the_limits_themselves_are_accepted(claims: dict[str, Any]) -> None:
    assert problems_of(**claims) == []


def test_a_place_outside_the_area_is_only_marked_where_the_organisation_says_so() -> None:
    rules = replace(RULES, outside_area=OutsideArea.MARK)
    assert draft_of(rules, position=Position(14.9, 59.5)).marks == ("outside-area",)
    assert draft_of(rules).marks == ()


def test_without_an_area_anywhere_in_sweden_will_do() -> None:
    rules = replace(RULES, area=None)
    assert problems_of(rules, position=Position(20.3, 67.8)) == []
    assert problems_of(rules, position=Position(2.35, 48.86)) == [("position", "outside-sweden")]


def test_another_metric_system_may_be_the_deployments() -> None:
    rules = replace(RULES, area=None, metric_srid=3067)
    assert problems_of(rules, position=Position(385_000, 6_672_000, "EPSG:3067")) == []


def test_a_metric_system_that_is_none_is_a_setup_error() -> None:
    with pytest.raises(SetupError):
        check([replace(RAW, position=Position(1, 1, "EPSG:4326"))], replace(RULES, metric_srid=4326))


def test_an_identity_number_in_the_reference_is_marked_not_refused() -> None:
    draft = draft_of(replace(RULES, outside_area=OutsideArea.MARK), source_ref=IDENTITY_NUMBER)
    assert draft.marks == ("reference-looks-like-personal-number",)
    assert draft.source_ref == IDENTITY_NUMBER


def test_a_reviewed_text_may_hold_all_but_identity_numbers() -> None:
    text = "ABC 123, namn@exempel.se, 070-123 45 67"
    assert [field for field, _ in problems_of(text=text)] == ["text"] * 3
    assert problems_of(text=text, text_reviewed=True) == []
    assert problems_of(text=f"{text} {IDENTITY_NUMBER}", text_reviewed=True) == [("text", "personal-data")]


def test_a_kind_of_personal_data_is_told_once_and_named() -> None:
    (problems,) = check([replace(RAW, text="ABC 123 DEF 456")], RULES).problems
    assert [problem.message for problem in problems] == [
        "Take out what looks like a registration plate in text, or say that the text is reviewed."
    ]


def test_every_kind_of_personal_data_has_words() -> None:
    text = f"ABC 123, namn@exempel.se, 070-123 45 67, {IDENTITY_NUMBER}"
    (problems,) = check([replace(RAW, text=text)], RULES).problems
    assert len({problem.message for problem in problems}) == len(Pattern)


def test_all_problems_of_a_row_are_told() -> None:
    everything = problems_of(
        category="?",
        position=Position(0, 0),
        occurred_from=NOW + DAY,
        occurred_to=NOW.replace(tzinfo=None),
        location_uncertainty_m=-1.0,
        source="\0",
        source_ref="y" * 101,
        text=f"{IDENTITY_NUMBER}\0" + "x" * 4000,
    )
    assert everything == [
        ("category", "unknown-category"),
        ("position", "null-island"),
        ("occurred_from", "in-future"),
        ("occurred_to", "naive-time"),
        ("location_uncertainty_m", "out-of-range"),
        ("source", "control-character"),
        ("source_ref", "too-long"),
        ("text", "control-character"),
        ("text", "too-long"),
        ("text", "personal-data"),
    ]


def test_a_bad_row_spoils_no_other() -> None:
    checked = check([RAW, replace(RAW, category="?"), RAW], RULES)
    assert [draft is None for draft in checked.drafts] == [False, True, False]


def test_the_same_claim_in_another_spelling_has_the_same_hash() -> None:
    one = draft_of(text="Vid Ångströms torg", location_uncertainty_m=50.0)
    other = draft_of(
        text=" Vid A\u030angströms torg\r\n",
        location_uncertainty_m=50,
        occurred_from=(NOW - DAY).astimezone(STOCKHOLM),
        position=Position(15.50000000001, 59.5),
        source_ref="",
        text_reviewed=True,
    )
    assert other == one
    assert other.content_hash == one.content_hash


# Claims of every kind, good and bad; every text carries the marker.
marked_texts = st.builds(
    lambda a, b: a + MARKER + b,
    st.text(st.characters(), max_size=30) | st.sampled_from([IDENTITY_NUMBER, "ABC 123 ", "070-123 45 67 ", "\0"]),
    st.text(max_size=10) | st.just("x" * 4000),
)
instants = st.datetimes(timezones=st.none() | st.sampled_from([UTC, STOCKHOLM])) | st.just(NOW - DAY)
raws = st.builds(
    RawIncident,
    category=st.sampled_from(["SKD", "KLO"]) | marked_texts,
    occurred_from=instants,
    occurred_to=st.none() | instants,
    position=st.builds(
        Position,
        st.floats() | st.floats(14, 17),
        st.floats() | st.floats(58, 61),
        st.sampled_from(["CRS84", "CRS84", "EPSG:3006", MARKER]),
    ),
    location_uncertainty_m=st.none() | st.floats(),
    source=st.just("kommunen") | marked_texts,
    source_ref=st.none() | marked_texts,
    text=st.none() | marked_texts,
    text_reviewed=st.booleans(),
)
rulebooks = st.builds(
    lambda area, outside: replace(RULES, area=area, outside_area=outside),
    st.sampled_from([None, AREA, shapely.Polygon()]),
    st.sampled_from(OutsideArea),
)


@given(st.lists(raws, max_size=8), rulebooks)
def test_every_row_comes_back_as_exactly_one_of_draft_and_problems(rows: list[RawIncident], rules: IngestRules) -> None:
    checked = check(rows, rules)
    assert len(checked.drafts) == len(checked.problems) == len(rows)
    for draft, problems in zip(checked.drafts, checked.problems, strict=True):
        assert (draft is None) == bool(problems)


@given(st.lists(raws, max_size=8), rulebooks, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[RawIncident], rules: IngestRules, random: Any) -> None:
    order = random.sample(range(len(rows)), len(rows))
    checked, shuffled = check(rows, rules), check([rows[row] for row in order], rules)
    assert shuffled.drafts == [checked.drafts[row] for row in order]
    assert shuffled.problems == [checked.problems[row] for row in order]


@given(st.lists(raws, max_size=8), rulebooks)
def test_no_problem_repeats_what_was_sent(rows: list[RawIncident], rules: IngestRules) -> None:
    told = repr(check(rows, rules).problems)
    assert MARKER not in told
    assert IDENTITY_NUMBER not in told


@given(st.lists(raws, max_size=8), rulebooks)
def test_a_draft_sent_again_is_accepted_with_the_same_hash(rows: list[RawIncident], rules: IngestRules) -> None:
    for raw, draft in zip(rows, check(rows, rules).drafts, strict=True):
        if draft is None:
            continue
        again = replace(
            raw,
            occurred_from=draft.occurred_from,
            occurred_to=draft.occurred_to,
            position=Position(draft.lon, draft.lat),
            source=draft.source,
            source_ref=draft.source_ref,
            text=draft.text,
        )
        assert [entry and entry.content_hash for entry in check([again], rules).drafts] == [draft.content_hash]
