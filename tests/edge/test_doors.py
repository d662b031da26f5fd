"""Sealed values, requests from other sites and for other names."""

import pytest
from starlette.datastructures import Headers

from app.edge import same_site, sealing

SECRET = b"s" * 32


def test_sealed_values_come_back_as_they_were() -> None:
    sealed = sealing.seal(SECRET, "a", {"x": "åäö", "n": 1})
    assert sealing.unseal(SECRET, "a", sealed) == {"x": "åäö", "n": 1}


@pytest.mark.parametrize("change", ["", ".", "x", "x.y", "\ud83d", "a" * 5_000])
def test_what_is_not_sealed_by_us_is_nothing(change: str) -> None:
    sealed = sealing.seal(SECRET, "a", {"x": 1})
    assert sealing.unseal(SECRET, "a", change) is None
    assert sealing.unseal(SECRET, "a", change + sealed) is None or change == ""
    assert sealing.unseal(SECRET, "b", sealed) is None
    assert sealing.unseal(b"t" * 32, "a", sealed) is None


@pytest.mark.parametrize(
    ("method", "headers", "is_forged"),
    [
        ("GET", {"origin": "https://evil.example"}, False),
        ("POST", {}, False),
        ("POST", {"origin": "https://here", "host": "here"}, False),
        ("POST", {"sec-fetch-site": "same-origin"}, False),
        ("POST", {"sec-fetch-site": "none"}, False),
        ("POST", {"sec-fetch-site": "same-site"}, True),
        ("DELETE", {"sec-fetch-site": "cross-site", "origin": "https://here", "host": "here"}, True),
        ("PATCH", {"origin": "null", "host": "here"}, True),
        ("POST", {"origin": "https://here:8443", "host": "here"}, True),
    ],
)
def test_a_write_from_elsewhere_is_known(method: str, headers: dict[str, str], *, is_forged: bool) -> None:
    assert same_site.is_forged(method, Headers(headers)) is is_forged


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("lagesbild.example.se", True),
        ("LAGESBILD.example.se:443", True),
        ("localhost:8000", True),
        ("[::1]:8000", True),
        ("127.0.0.1", True),
        ("evil.example", False),
        ("lagesbild.example.se.evil.example", False),
        ("", False),
        ("[", False),
    ],
)
def test_the_server_knows_its_name(host: str, *, is_ours: bool) -> None:
    hosts = same_site.hosts_of("https://lagesbild.example.se")
    assert same_site.is_ours(hosts, Headers({"host": host})) is is_ours
    assert same_site.is_ours(same_site.hosts_of(None), Headers({"host": host}))


def test_two_names_are_none() -> None:
    twice = Headers(raw=[(b"host", b"localhost"), (b"host", b"evil.example")])
    assert not same_site.is_ours(same_site.hosts_of("https://localhost"), twice)
    assert not same_site.is_ours(None, twice)
