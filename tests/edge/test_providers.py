"""Bearer tokens and answers of a provider: what is believed, and what is not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.core.errors import NotSignedInError, ProviderError
from app.edge.providers import KEPT, LARGEST_ANSWER, REST, Attempt, Provider, Registration
from tests.forging import AUDIENCE, FORGED, KEY, STRANGER, Told, invented_provider, new_key, show

CALLBACK = "https://here.example/logga-in/svar"


@pytest.fixture
def told() -> Iterator[Told]:
    with invented_provider() as said:
        yield said


@pytest.fixture
def provider(told: Told) -> Provider:
    show(told, KEY)
    registration = Registration(
        issuer=told.issuer,
        client_id="lagesbild",
        client_secret=None,
        name="",
        scopes="openid",
        audience=AUDIENCE,
        mapping=(),
        callback=CALLBACK,
        after="https://here.example/utloggad",
    )
    return Provider(registration, lambda: told.now)


def test_a_token_of_the_provider_for_this_api_is_believed(provider: Provider, told: Told) -> None:
    assert provider.bearer_claims(told.sign(KEY))["sub"] == "7"
    assert provider.bearer_claims(told.sign(KEY, aud=["other", AUDIENCE]))["sub"] == "7"
    assert provider.bearer_claims(told.sign(KEY, header={"typ": None}))["sub"] == "7"
    assert provider.bearer_claims(told.sign(KEY, header={"kid": None}))["sub"] == "7"
    assert provider.bearer_claims(told.sign(KEY, algorithm="PS256"))["sub"] == "7"
    assert told.asked == ["/.well-known/openid-configuration", "/keys"]


def test_elliptic_keys_are_believed(provider: Provider, told: Told) -> None:
    key = new_key("two", "EC")
    show(told, KEY, key)
    assert provider.bearer_claims(told.sign(key, algorithm="ES256"))["sub"] == "7"


def test_a_leeway_of_a_minute_and_no_more(provider: Provider, told: Told) -> None:
    seconds = int(told.now.timestamp())
    provider.bearer_claims(told.sign(KEY, exp=seconds - 50, nbf=seconds + 50))
    for wrong in ({"exp": seconds - 70}, {"nbf": seconds + 70}, {"iat": seconds + 70}):
        with pytest.raises(NotSignedInError):
            provider.bearer_claims(told.sign(KEY, **wrong))


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_is_not_believed(provider: Provider, told: Told, how: str) -> None:
    with pytest.raises(NotSignedInError):
        provider.bearer_claims(FORGED[how](told))
    assert "/evil" not in told.asked


def test_without_an_audience_no_bearer_token_is_taken(provider: Provider, told: Told) -> None:
    unheard = Provider(replace(provider.registration, audience=None), lambda: told.now)
    with pytest.raises(NotSignedInError):
        unheard.bearer_claims(told.sign(KEY))


def test_new_keys_are_found_and_old_ones_forgotten(provider: Provider, told: Told) -> None:
    provider.bearer_claims(told.sign(KEY))
    new = new_key("two")
    show(told, new)
    told.now += REST
    assert provider.bearer_claims(told.sign(new))["sub"] == "7"
    with pytest.raises(NotSignedInError):
        provider.bearer_claims(told.sign(KEY))


def test_a_key_that_is_taken_back_is_believed_for_an_hour_at_most(provider: Provider, told: Told) -> None:
    provider.bearer_claims(told.sign(KEY))
    show(told)
    told.now += KEPT
    with pytest.raises(NotSignedInError):
        provider.bearer_claims(told.sign(KEY))


def test_invented_key_names_do_not_make_us_ask_each_time(provider: Provider, told: Told) -> None:
    provider.bearer_claims(told.sign(KEY))
    told.now += REST
    for name in range(20):
        with pytest.raises(NotSignedInError):
            provider.bearer_claims(told.sign(KEY, header={"kid": str(name)}))
    assert told.asked.count("/keys") == 2


def test_two_keys_of_one_name_are_none(provider: Provider, told: Told) -> None:
    show(told, KEY, STRANGER)
    with pytest.raises(NotSignedInError):
        provider.bearer_claims(told.sign(KEY))


def test_a_provider_that_fails_is_left_alone_for_a_while(provider: Provider, told: Told) -> None:
    found = told.answers.pop("/.well-known/openid-configuration")
    for _ in range(5):
        with pytest.raises(ProviderError):
            provider.leave_for(Attempt())
    assert len(told.asked) == 1
    told.answers["/.well-known/openid-configuration"] = found
    told.now += REST + timedelta(seconds=1)
    assert provider.leave_for(Attempt()).startswith(f"{told.issuer}/auth?tenant=1&response_type=code&")


def test_keys_that_cannot_be_fetched_anew_are_kept(provider: Provider, told: Told) -> None:
    provider.bearer_claims(told.sign(KEY))
    del told.answers["/keys"]
    told.now += REST
    with pytest.raises(NotSignedInError):
        provider.bearer_claims(told.sign(KEY, header={"kid": "two"}))
    assert provider.bearer_claims(told.sign(KEY))["sub"] == "7"


@pytest.mark.parametrize(
    "wrong",
    [
        b"no JSON",
        b"[" * 100_000,
        b'{"a": "' + b"x" * LARGEST_ANSWER + b'"}',
        [],
        {"issuer": "https://evil.example"},
    ],
    ids=["no JSON", "deep", "long", "a list", "another issuer"],
)
def test_a_document_that_cannot_be_believed_is_refused(provider: Provider, told: Told, wrong: Any) -> None:
    told.answers["/.well-known/openid-configuration"] = wrong
    with pytest.raises(ProviderError):
        provider.leave_for(Attempt())


@pytest.mark.parametrize("endpoint", ["http://evil.example/auth", "javascript:alert(1)", "", None, 7])
def test_people_are_sent_only_where_nobody_listens(provider: Provider, told: Told, endpoint: Any) -> None:
    told.answers["/.well-known/openid-configuration"]["authorization_endpoint"] = endpoint
    told.answers["/.well-known/openid-configuration"]["end_session_endpoint"] = endpoint
    with pytest.raises(ProviderError):
        provider.leave_for(Attempt())
    assert provider.sign_out_address("hint") is None


def redeemed(provider: Provider, told: Told, attempt: Attempt, **changes: Any) -> Any:
    """The claims that a code brings, when the token endpoint answers so."""
    usual = {"aud": "lagesbild", "nonce": attempt.nonce, "header": {"typ": "JWT"}}
    told.answers["/token"] = {"access_token": "a", "id_token": told.sign(KEY, **usual | changes)}
    return provider.redeem("code", attempt)[0]


def test_a_code_is_redeemed_for_claims(provider: Provider, told: Told) -> None:
    attempt = Attempt()
    assert redeemed(provider, told, attempt)["sub"] == "7"
    assert redeemed(provider, told, attempt, aud=["lagesbild", "x"], azp="lagesbild")["sub"] == "7"


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": AUDIENCE},
        {"aud": ["lagesbild", "x"]},
        {"azp": "x"},
        {"iss": "https://evil.example"},
        {"exp": 1},
    ],
)
def test_an_id_token_of_another_sign_in_is_refused(provider: Provider, told: Told, changes: dict[str, Any]) -> None:
    with pytest.raises(ProviderError):
        redeemed(provider, told, Attempt(), **changes)


def test_an_answer_without_an_id_token_is_refused(provider: Provider, told: Told) -> None:
    told.answers["/token"] = {"access_token": "a"}
    with pytest.raises(ProviderError):
        provider.redeem("code", Attempt())


def test_the_users_claims_are_those_of_the_token_s_person(provider: Provider, told: Told) -> None:
    told.answers["/.well-known/openid-configuration"]["userinfo_endpoint"] = f"{told.issuer}/me"
    told.answers["/me"] = {"sub": "7", "groups": ["a"], "iss": "https://evil.example"}
    claims = redeemed(provider, told, Attempt())
    assert (claims["groups"], claims["iss"]) == (["a"], told.issuer)
    told.answers["/me"] = {"sub": "8", "groups": ["admins"]}
    with pytest.raises(ProviderError):
        redeemed(provider, told, Attempt())
