"""The English catalogue is current, complete, and keeps the places for values."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from app.web import i18n

WEB = Path(i18n.__file__).parent


@pytest.fixture(scope="module")
def extracted() -> set[object]:
    with (WEB / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]  # Babel's
    return {message for _, _, message, _, _ in extract_from_dir(WEB, methods, options)}


@pytest.fixture(scope="module")
def english() -> Catalog:
    with i18n.catalogue_path("en").open("rb") as file:
        return read_po(file, locale="en")


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def test_every_text_of_the_pages_stands_in_the_catalogue_and_no_other(extracted: set[object], english: Catalog) -> None:
    assert {message.id for message in _messages(english)} == extracted
    assert len(extracted) > 40  # an extraction that finds nothing would pass above


def test_every_text_has_an_english_translation(english: Catalog) -> None:
    def is_missing(message: Message) -> bool:
        texts = (message.string,) if isinstance(message.string, str) else message.string or ()
        return message.fuzzy or not (texts and all(texts))

    assert [message.id for message in _messages(english) if is_missing(message)] == []


def test_translations_keep_the_places_for_values(english: Catalog) -> None:
    assert [(message.id, errors) for message, errors in english.check() if errors] == []
