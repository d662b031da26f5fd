"""Every template renders, in both languages, with and without places; a missing value is an error."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from babel.messages.pofile import read_po
from jinja2 import UndefinedError

from app.core.analysis.params import Weighting
from app.core.analysis.tracking import Change
from app.core.permissions import Actor, Role
from app.core.retention import RetentionRule
from app.web import basemap, error_pages, i18n, overview, places, render, tokens
from app.web.audit import Line, rule_words
from app.web.hotspots import SWEDEN
from app.web.places import Life, Listing, LostPlace
from app.web.rhythms import rhythm
from tests.web.conftest import ORGANISATIONS, STATISTICS

Visitors = Callable[..., Actor]
Listings = Callable[..., Listing]
LIFE = Life(first_adopted_at=datetime(2026, 3, 2, 8, tzinfo=UTC), adopted_count=12)
GONE = LostPlace(rank_before=7, landmark=None, where="Centrum", count_before=9, into=None)
RHYTHM = rhythm(STATISTICS, ORGANISATIONS)


def _map(visitor: Actor, listing: Listing, *, chosen: int | None = None, is_lost: bool = False) -> str:
    return render.render(
        "map.html",
        visitor=visitor,
        path="/karta",
        query={},
        listing=listing,
        chosen=None if chosen is None else listing.places[chosen - 1],
        rhythm=None if chosen is None else RHYTHM,
        life=None if chosen is None else LIFE,
        is_lost=is_lost,
        drawing=overview.draw(listing, basemap.NOTHING),
        bounds=listing.bounds() or SWEDEN,
        has_basemap=True,
        attribution="Lantmätargatans karta",
    )


def _with(listing: Listing, change: Change, *lost: LostPlace) -> Listing:
    """The list, the first place with this change."""
    first, *others = listing.places
    return replace(listing, places=(replace(first, change=change), *others), lost=lost)


def _tokens(visitor: Actor) -> str:
    usual = {"id": "1", "account": "a", "organisation": "o", "name": "n", "expires_at": None, "last_used_on": None}
    narrow = {
        "collections": ["hotspots", "incidents"],
        "precision": "area",
        "expires_at": datetime(2027, 1, 1, tzinfo=UTC),
    }
    return render.render(
        "tokens.html",
        visitor=visitor,
        path="/nycklar",
        query={},
        tokens=[usual | {"collections": [], "precision": None}, usual | narrow],
        accounts=[{"id": "1", "organisation": "o", "name": "n", "role": "analyst"}],
        secret="lgb_x",
        problem="1",
        collections=[("incidents", tokens.collection_name("incidents"))],
        precisions=[("", tokens.precision_name(None))],
        collection_name=tokens.collection_name,
        precision_name=tokens.precision_name,
        spans=(30, 365),
    )


def _audit(visitor: Actor, *, is_empty: bool) -> str:
    line = Line(
        recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
        who="n",
        role="r",
        organisation="o",
        what="1",
        about="2",
        scope="3",
        address="192.0.2.1",
    )
    return render.render(
        "audit.html",
        visitor=visitor,
        path="/granskning",
        query={},
        form=dict.fromkeys(("from", "to", "actor", "action", "organisation"), ""),
        problem="1" if is_empty else None,
        lines=[] if is_empty else [line],
        older_href=None if is_empty else "?before=1",
        is_filtered=is_empty,
        export_href="/api/v1/audit/export?",
        sealed_at=None if is_empty else line.recorded_at,
        actions=[("audit.read", "1")],
        organisations=[("o", "n")],
        rules=[] if is_empty else [rule_words(RetentionRule(text_after_months=6))],
    )


def _pages(visitor: Actor, listing: Listing, empty: Listing) -> dict[str, str]:
    def simple(template: str, who: Actor | None, **content: object) -> str:
        return render.render(template, visitor=who, path="/x", query={}, **content)

    return {
        "map.html": _map(visitor, listing)
        + _map(visitor, listing, chosen=2)
        + _map(visitor, listing, is_lost=True)
        + _map(visitor, _with(listing, Change.MERGED, GONE, replace(GONE, into=listing.places[0].id)))
        + _map(visitor, empty),
        "_place.html": simple(
            "_place.html", visitor, listing=listing, chosen=listing.places[-1], rhythm=RHYTHM, life=LIFE
        )
        + "".join(
            simple(
                "_place.html",
                visitor,
                listing=_with(listing, c),
                chosen=_with(listing, c).places[0],
                rhythm=RHYTHM,
                life=None,
            )
            for c in Change
        ),
        "no_run.html": simple("no_run.html", visitor, may_adopt=True) + simple("no_run.html", visitor, may_adopt=False),
        "not_for_role.html": simple("not_for_role.html", visitor),
        "accessibility.html": simple("accessibility.html", visitor, code_version="1.2"),
        "error.html": "".join(
            simple("error.html", None, message=error_pages.message_for(status), request_id="1-2")
            for status in (403, 404, 422, 429, 500, 503)
        ),
        "sign_in.html": "".join(
            simple(
                "sign_in.html",
                None,
                target="/karta",
                problem=problem,
                password_problem=problem,
                provider=provider,
                has_passwords=has_passwords,
            )
            for problem in (None, i18n.gettext("Fyll i din åtkomstnyckel."))
            for provider in (None, "", "Lindesta")
            for has_passwords in (False, True)
        ),
        "sign_in_refused.html": simple("sign_in_refused.html", None, heading="1", text="2"),
        "signed_out.html": simple("signed_out.html", None, away=None, provider="")
        + simple("signed_out.html", None, away="/elsewhere", provider=""),
        "password.html": simple("password.html", visitor, problem="1", is_done=False)
        + simple("password.html", visitor, problem=None, is_done=True),
        "tokens.html": _tokens(visitor),
        "audit.html": _audit(visitor, is_empty=False) + _audit(visitor, is_empty=True),
        "not_for_auditing.html": simple("not_for_auditing.html", visitor),
    }


@pytest.fixture(params=["sv", "en"])
def pages(request: pytest.FixtureRequest, make_visitor: Visitors, make_listing: Listings) -> dict[str, str]:
    i18n.use_language(request.param)
    return _pages(make_visitor(), make_listing((95, 26, 1), total=96), make_listing(()))


def test_every_template_is_rendered_here(pages: dict[str, str]) -> None:
    parts = {
        "base.html",
        "_change.html",
        "_list.html",
        "_overview.html",
        "_rhythm.html",
    }  # rendered inside the map page
    assert set(pages) | parts == set(render.environment.list_templates())


def test_the_english_pages_hold_no_swedish_text(make_visitor: Visitors, make_listing: Listings) -> None:
    i18n.use_language("en")
    html = "".join(_pages(make_visitor(), make_listing((95, 26, 1), total=96), make_listing(())).values())
    words = " ".join(re.sub(r"<[^>]*>", " ", html).split()).replace(make_visitor().name, "")  # no text of ours
    with i18n.catalogue_path("en").open("rb") as file:
        messages = [message for message in read_po(file) if message.id and message.id != message.string]
    swedish = [text for m in messages for text in ((m.id,) if isinstance(m.id, str) else m.id)]
    fixed_parts = {part.strip() for text in swedish for part in re.split(r"%\(\w+\)s", text) if len(part.strip()) > 6}
    assert sorted(part for part in fixed_parts if part in words) == []


def test_a_missing_value_is_an_error_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        render.render("no_run.html", visitor=None, path="/", query={})


class _Unsafe(HTMLParser):
    """Collects what the content security policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside_script = tag == "script"
        names = {name for name, _ in attrs}
        if tag == "style" or "style" in names or any(name.startswith("on") for name in names):
            self.found.append(self.get_starttag_text() or tag)
        self.found += [value for _, value in attrs if value and value.startswith(("http:", "https:", "//"))]

    def handle_data(self, data: str) -> None:
        if self.inside_script and data.strip():
            self.found.append(data)


def test_pages_hold_nothing_that_the_security_policy_refuses(pages: dict[str, str]) -> None:
    parser = _Unsafe()
    for html in pages.values():
        parser.feed(html)
    assert parser.found == []


def test_a_place_says_with_a_sign_and_a_word_what_became_of_it(make_visitor: Visitors, make_listing: Listings) -> None:
    for change in Change:
        html = _map(make_visitor(), _with(make_listing((95, 26)), change))
        told = [] if change is Change.PERSISTING else [places.change_word(change)]
        assert re.findall(r'<span class="change"><svg [^>]*><path d="[^"]+"/></svg>(\w+)</span>', html) == told


@pytest.mark.parametrize(("is_significant", "times"), [(False, 1), (True, 0), (None, 0)])
def test_the_list_says_what_could_be_chance(
    make_visitor: Visitors, make_listing: Listings, *, is_significant: bool | None, times: int
) -> None:
    listing = make_listing((95, 26))
    first, *others = listing.places
    shown = replace(listing, places=(replace(first, is_significant=is_significant), *others))
    assert _map(make_visitor(), shown).count("kan vara en slump") == times


def test_where_every_place_is_new_nobody_is_told_so(make_visitor: Visitors, make_listing: Listings) -> None:
    listing = make_listing((95,))
    assert 'class="change"' not in _map(make_visitor(), _with(listing, Change.NEW))
    assert _map(make_visitor(), _with(listing, Change.NEW, GONE)).count('class="change"') == 2


def test_places_that_are_there_no_longer_are_listed_below(make_visitor: Visitors, make_listing: Listings) -> None:
    listing = make_listing((95, 26))
    html = _map(make_visitor(), _with(listing, Change.MERGED, GONE, replace(GONE, into=listing.places[0].id)))
    below = " ".join(re.sub(r"<[^>]*>", " ", html[html.index('class="lost"') :]).split())
    assert "Borta Plats 7 Centrum 9 händelser förra gången" in below
    assert "Sammanvuxen Plats 7 Centrum del av Vid Järntorget (nr 1) · 9 händelser förra gången" in below


def test_the_panel_says_since_when_a_place_is_known(make_visitor: Visitors, make_listing: Listings) -> None:
    html = _map(make_visitor(), _with(make_listing((95, 26)), Change.GROWING), chosen=1)
    assert "Minst en fjärdedel fler händelser i veckan än tidigare. Känd sedan 2 mars 2026, med i 12 antagna" in html


def test_the_list_names_every_place_in_order_with_its_count(make_visitor: Visitors, make_listing: Listings) -> None:
    html = _map(make_visitor(), make_listing((95, 26)))
    assert re.findall(r'data-rank="(\d+)"', html) == ["1", "2"]
    assert re.findall(r'class="count"><b>(\d+)<span class="vh"> (\w+)', html) == [
        ("95", "händelser"),
        ("26", "händelser"),
    ]


def test_the_chosen_place_is_marked_in_the_list_and_on_the_drawn_map(
    make_visitor: Visitors, make_listing: Listings
) -> None:
    listing = make_listing((95, 26))
    html = _map(make_visitor(), listing, chosen=2)
    chosen = listing.places[1].id
    assert html.count('aria-current="true"') == 1
    assert f'spot-mark is-chosen" data-id="{chosen}"' in html
    assert f'data-place="{chosen}"' in html


def test_the_page_says_which_run_the_outcome_belongs_to(make_visitor: Visitors, make_listing: Listings) -> None:
    html = " ".join(_map(make_visitor(), make_listing()).split()).replace("\N{NO-BREAK SPACE}", " ")
    assert "minst 8 händelser inom 75 meter, 1 juli–30 sep. 2026." in html
    assert "körningen som antogs 2 oktober 2026. Den räknade 4 212 godkända händelser" in html
    assert "så som de såg ut 1 okt. 2026 06:00." in html


@pytest.mark.parametrize(("weighting", "is_shown"), [(Weighting.COUNT, False), (Weighting.HARM, True)])
def test_the_weighted_value_is_shown_only_where_it_differs_from_the_count(
    make_visitor: Visitors, make_listing: Listings, weighting: Weighting, *, is_shown: bool
) -> None:
    counted = make_listing((20,))
    html = _map(make_visitor(), replace(counted, run=replace(counted.run, weighting=weighting)), chosen=1)
    assert ("Vägt värde" in html) is is_shown


def test_a_run_without_places_says_so(make_visitor: Visitors, make_listing: Listings) -> None:
    html = _map(make_visitor(), make_listing(()))
    assert "Ingen plats nådde upp till gränsen" in html
    assert "0 platser" in html


def test_those_who_may_adopt_are_told_what_to_do(make_visitor: Visitors) -> None:
    def page(role: Role, *, may_adopt: bool) -> str:
        visitor = make_visitor(role)
        return render.render("no_run.html", visitor=visitor, path="/karta", query={}, may_adopt=may_adopt)

    assert "Kör en analys för den period ni vill se." in page(Role.COORDINATOR, may_adopt=True)
    assert "Be er trygghetssamordnare" in page(Role.LEADERSHIP, may_adopt=False)


def test_the_language_link_keeps_the_view_and_never_leads_to_another_server(make_visitor: Visitors) -> None:
    html = render.render(
        "no_run.html",
        visitor=make_visitor(),
        path="//evil.example/karta",
        query={"plats": "å&b", "lang": "sv"},
        may_adopt=True,
    )
    assert 'href="?plats=%C3%A5%26b&amp;lang=en" lang="en"' in html
    assert "evil.example" not in html


def test_names_from_outside_are_escaped(make_visitor: Visitors, make_listing: Listings) -> None:
    listing = make_listing((20,))
    nasty = "<img src=x onerror=alert(1)>"
    renamed = replace(listing, places=(replace(listing.places[0], landmark=nasty),))
    html = _map(make_visitor(), renamed, chosen=1)
    assert nasty not in html
    assert html.count("Vid &lt;img src=x") >= 3  # title, list, details
