"""Personal data in free text: every usual spelling is found, and ordinary prose is left alone."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.personal_data import Finding, Pattern, find, has_identity_number, is_hard

IDENTITY, PLATE, EMAIL, PHONE = (
    Pattern.IDENTITY_NUMBER,
    Pattern.REGISTRATION_PLATE,
    Pattern.EMAIL_ADDRESS,
    Pattern.PHONE_NUMBER,
)


def check_digit(nine_digits: str) -> int:
    """Luhn: double the first, third, fifth …, add up all digits, and fill up to the next ten."""
    products = [int(digit) * (2 - i % 2) for i, digit in enumerate(nine_digits)]
    return -sum(product // 10 + product % 10 for product in products) % 10


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    """Twelve digits: a person's number, or a coordination number with 60 added to the day."""
    born = draw(st.dates(date(1890, 1, 1), date(2026, 12, 31)))
    day = born.day + draw(st.sampled_from([0, 60]))
    nine = f"{born:%y%m}{day:02}{draw(st.integers(1, 999)):03}"
    return f"{born.year // 100}{nine}{check_digit(nine)}"


def number(nine_digits: str) -> str:
    """Ten digits, the last one right."""
    return f"{nine_digits}{check_digit(nine_digits)}"


hyphens = st.sampled_from("-+‐‑‒–—―−－/. \u00a0\u202f\u2009\t")
full_width = str.maketrans("0123456789", "０１２３４５６７８９")
arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@st.composite
def spelled(draw: st.DrawFn) -> str:
    """An identity number as people, word processors and evaders write it."""
    twelve = draw(identity_numbers())
    century, year, month, day, last = twelve[:2], twelve[2:4], twelve[4:6], twelve[6:8], twelve[8:]
    hyphen = draw(hyphens)
    spelling = draw(
        st.sampled_from(
            [
                twelve,
                twelve[2:],
                f"{year}{month}{day}{hyphen}{last}",
                f"{century}{year}{month}{day}{hyphen}{last}",
                f"{year}{month}{day} {hyphen} {last}",
                f"{century} {year}{month}{day} {last}",
                f"{century} {year}{month}{day}-{last}",
                f"{century}{year}-{month}-{day} {last}",
                f"{century}{year}-{month}-{day}-{last}",
                f"{year} {month} {day} {last}",
                f"{year}{month}{day}-{last[:3]} {last[3]}",
                f"{century}{year} {month}{day} {last}",
                " ".join(twelve),
                " ".join(twelve[2:]),
                "\u200b".join(twelve),
                f"{year}{month}{day}\u00ad{last}",
            ]
        )
    )
    return spelling.translate(draw(st.sampled_from([{}, full_width, arabic])))


surroundings = st.text().map(lambda text: "".join(c for c in text if not c.isnumeric() and c not in "-+./_,:"))


@given(spelled(), surroundings, surroundings)
def test_an_identity_number_is_found_wherever_it_stands_and_however_it_is_written(
    written: str, before: str, after: str
) -> None:
    text = f"{before}{written}{after}"
    found = [finding for finding in find(text) if finding.pattern is IDENTITY]
    assert len(found) == 1
    assert len(before) == found[0].start
    assert found[0].end == len(before) + len(written)
    assert has_identity_number(text)


@given(identity_numbers(), st.integers(1, 9), st.sampled_from(["", "-", " "]))
def test_a_wrong_check_digit_is_not_an_identity_number(twelve: str, step: int, gap: str) -> None:
    wrong = f"{twelve[2:8]}{gap}{twelve[8:11]}{(int(twelve[11]) + step) % 10}"
    assert not has_identity_number(f"Ref {wrong} i systemet")


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_ten_digits_with_a_wrong_check_digit_are_not_an_identity_number(digits: str) -> None:
    assume(check_digit(digits[:9]) != int(digits[9]))
    assert not has_identity_number(digits)


@pytest.mark.parametrize(
    "nine_digits", ["811318987", "810018987", "810229987", "810432987", "810492987", "810960987", "810100123"]
)
def test_a_date_that_the_calendar_does_not_have_is_not_an_identity_number(nine_digits: str) -> None:
    assert not has_identity_number(number(nine_digits))


def test_the_leap_day_needs_a_leap_year() -> None:
    assert has_identity_number(number("000229123"))
    assert has_identity_number("20" + number("000229123"))
    assert not has_identity_number("19" + number("000229123"))
    assert has_identity_number(number("000289123"))  # a coordination number


def test_a_number_inside_a_longer_row_of_digits_is_something_else() -> None:
    assert not has_identity_number(f"7{number('811218123')}")
    assert not has_identity_number(f"{number('811218123')}7")


def test_two_numbers_are_both_found() -> None:
    text = f"{number('811218123')} {number('811219123')}"
    assert find(text) == (Finding(IDENTITY, 0, 10), Finding(IDENTITY, 11, 21))


def test_a_number_in_an_e_mail_address_is_an_identity_number() -> None:
    assert find(f"{number('811218123')}@exempel.se")[0].pattern is IDENTITY


def test_an_accent_on_a_digit_hides_nothing() -> None:
    assert has_identity_number("\u0301".join(number("811218123")))


@given(
    st.dates(date(1990, 1, 1), date(2035, 1, 1)),
    st.times(),
    st.sampled_from(
        [
            "{0:%Y-%m-%d} {1:%H.%M}",
            "{0:%Y-%m-%d} {1:%H:%M}",
            "{0:%Y-%m-%d} kl {1:%H%M}",
            "{0:%Y-%m-%dT%H:%M}",
            "{0:%y%m%d} {1:%H.%M}",
            "{0:%y%m%d} {1:%H:%M}",
            "{0:%Y%m%d} {1:%H:%M}",
            "{0:%Y-%m-%d} - {0:%Y-%m-%d}",
            "{0:%Y-%m-%d} {0:%Y-%m-%d}",
            "{0:%Y-%m-%d} - {0:%m-%d}",
            "{0:%d/%m/%Y} {1:%H.%M}",
            "{0:%d.%m.%Y} {1:%H %M}",
            "kl {1:%H-%M} {0:%Y-%m-%d}",
            "{0:%Y-%m-%d} 20-02",
            "Kl {1:%H.%M} den {0:%d/%m %Y}",
            "{1:%H:%M:%S} {0:%y-%m-%d}",
            "{0:%Y-%m-%d} 150 kr",
        ]
    ),
)
def test_a_date_with_a_time_is_not_personal_data(day: date, clock: object, form: str) -> None:
    assert find(f"Hände {form.format(day, clock)} vid torget") == ()


@given(st.from_regex(r"07[02369][0-9]{7}", fullmatch=True))
def test_a_mobile_number_grouped_as_such_is_no_identity_number(digits: str) -> None:
    for written in (
        f"{digits[:3]}-{digits[3:]}",
        f"{digits[:3]}-{digits[3:6]} {digits[6:8]} {digits[8:]}",
        f"{digits[:3]} {digits[3:6]} {digits[6:8]} {digits[8:]}",
        f"+46{digits[1:]}",
        f"+46 (0){digits[1:3]}-{digits[3:6]} {digits[6:8]} {digits[8:]}",
        f"0046 {digits[1:3]} {digits[3:]}",
    ):
        assert [finding.pattern for finding in find(f"Ring {written} nu")] == [PHONE]


@pytest.mark.parametrize(
    "written",
    [
        "070-123 45 67",
        "0701-23 45 67",
        "070-012 34 56",
        "0760012345",
        "070 123 45 67",
        "076-123-45-67",
        "08-123 456 78",
        "08-12 34 56",
        "08 123 456 78",
        "(08) 123 456",
        "021-12 34 56",
        "0221-123 45",
        "0221/12 34 56",
        "0771-14 14 00",
        "+46 8 123 456 78",
        "+46-70-1234567",
        "+47 22 12 34 56",
        "+358401234567",
        "0046701234567",
        "070\u2011123\u00a045\u00a067",
        "０７３－９８７ ６５ ４３",
    ],
)
def test_a_telephone_number_is_found(written: str) -> None:
    assert find(f"Vittne på {written}, ring gärna") == (Finding(PHONE, 10, 10 + len(written)),)


@pytest.mark.parametrize(
    "written",
    ["ABC 123", "ABC123", "ABC12D", "abc123", "abc 123", "Abc-12d", "MAX123", "WXY 00A", "ＡＢＣ １２３"],
)
def test_a_registration_plate_is_found(written: str) -> None:
    assert find(f"Volvo ({written}) körde") == (Finding(PLATE, 7, 7 + len(written)),)


@pytest.mark.parametrize(
    "written",
    [
        "namn@exempel.se",
        "för.namn+ort@mail.exempel.se",
        "namn @ exempel.se",
        "namn(at)exempel.se",
        "namn [snabel-a] exempel.se",
        "namn＠exempel．se",
    ],
)
def test_an_e_mail_address_is_found(written: str) -> None:
    assert find(f"Skriv till {written}!") == (Finding(EMAIL, 11, 11 + len(written)),)


def test_all_kinds_are_told_in_the_order_they_stand() -> None:
    text = f"ABC 123, namn@exempel.se, 070-123 45 67, {number('811218123')}"
    assert [finding.pattern for finding in find(text)] == [PLATE, EMAIL, PHONE, IDENTITY]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Skadegörelse på busskur, krossat glas",
        "Ungdomar 14-16 år kör moped kl 21:30-23.15",
        "E20 123 meter söder om avfarten",
        "LPO 123 och LPO Västerås",
        "SEK 150 000 i skada, DNR 123",
        "Ca 12 500 000 kr, 1 200 000 000 kr",
        "Ärende 5000-K123456-26 och 0201-K12345-26",
        "Dnr KS 2026/01234567, BUN 123/2026",
        "Hus 123, rum 204, lgh 110, tel 112, väg 222, max 500",
        "max500 eller hus12b",
        "Alla gick hen 100 meter eller 25 %, cad 100-tal",
        "abc 123 456",
        "Storgatan 12 B, 123 45 Ort, SE-123 45",
        "Öppet 0730-0800, 0800-1600, 08.00-16.00, 0130-0200",
        "Koordinater 59.3293, 18.0686 och 674032 6580822",
        "Färg #abc123, id 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "Vecka 12 (a) och [at] samt @ torget",
        "Org.nr 556012-5790",
        "08-05-2026 och 05.08.2026",
        "½ m² – ” … ’",
        "Ring 112 eller 114 14",
    ],
)
def test_ordinary_prose_is_left_alone(text: str) -> None:
    assert find(text) == ()


def test_only_identity_numbers_are_refused_even_when_reviewed() -> None:
    assert [pattern for pattern in Pattern if is_hard(pattern)] == [IDENTITY]


@given(st.text())
def test_findings_are_slices_of_the_text_in_order(text: str) -> None:
    findings = find(text)
    ends = [0]
    for finding in findings:
        assert ends[-1] <= finding.start < finding.end <= len(text)
        ends.append(finding.end)


@given(st.text("0178 -+@.aABC)(", max_size=200))
def test_crowded_texts_are_searched_without_overlaps(text: str) -> None:
    findings = find(text)
    assert all(a.end <= b.start for a, b in pairwise(findings))
