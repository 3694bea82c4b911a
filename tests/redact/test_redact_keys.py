"""Which names make their values secret."""

import pytest

from agentglass.redact import RedactionPolicy, Redactor

HIDDEN = "[REDACTED]"


def value_under(name: str, value: object, **policy: object) -> object:
    return Redactor(RedactionPolicy(**policy)).redact_value({name: value})[name]


@pytest.mark.parametrize(
    "name",
    [
        "password", "PASSWORD", "db_password", "userPassword", "passwd", "pwd", "passphrase",
        "api_key", "apikey", "apiKey", "x-api-key", "X-API-Key", "OPENAI_API_KEY", "APIKey",
        "secret", "client_secret", "clientSecret", "secretKey", "aws_secret_access_key",
        "token", "access_token", "accessToken", "refresh_token", "id_token", "session.token",
        "authorization", "Authorization", "proxy-authorization", "http.request.header.authorization",
        "cookie", "Set-Cookie", "session_cookie", "private_key", "privateKey", "credential",
        "connection_string", "connectionString", "auth", "jwt",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", ["x", 12345, 1.5, b"bytes", 2**3000])
def test_any_scalar_under_a_secret_name_is_hidden(name: str, value: object) -> None:
    assert value_under(name, value) == HIDDEN


@pytest.mark.parametrize(
    "name",
    ["passwords", "secrets", "credentials", "cookies", "access_tokens", "github_token",
     "password_hint", "page_token"],
)  # fmt: skip
def test_only_text_is_hidden_where_a_number_would_be_a_count(name: str) -> None:
    assert value_under(name, "x") == HIDDEN
    assert value_under(name, 5) == 5
    assert value_under(name, ["x", 5]) == [HIDDEN, HIDDEN]


@pytest.mark.parametrize(
    "name",
    [
        "tokens_in", "tokens_out", "total_tokens", "max_tokens", "input_tokens", "prompt_tokens",
        "token_count", "n_tokens", "llm.token_count.prompt", "gen_ai.usage.input_tokens",
        "gen_ai.usage.cache_read.input_tokens", "max_token", "n_token", "password_length",
        "time_to_first_token",
    ],
)  # fmt: skip
def test_counts_of_tokens_stay(name: str) -> None:
    assert value_under(name, 532) == 532


@pytest.mark.parametrize(
    "name",
    [
        "tokenizer", "eos_token", "next_token", "first_token", "token_type", "tokens", "secretary",
        "author", "authority", "cookiecutter", "keyboard", "key", "session.id", "session_id",
        "password_policy", "secret_name", "api_key_env", "token_url", "private_key_path", "bypass",
        "ssn", "name", "value", "",
    ],
)  # fmt: skip
def test_a_name_that_only_contains_the_letters_hides_nothing(name: str) -> None:
    assert value_under(name, "plain") == "plain"


def test_none_booleans_and_empty_texts_tell_nothing_and_stay() -> None:
    assert value_under("secrets", [None, True, "", HIDDEN]) == [None, True, "", HIDDEN]


def test_everything_below_a_secret_name_is_hidden_and_the_structure_stays() -> None:
    credentials = {"user": "ann", "keys": [{"n": 1, "on": True}, float("nan")]}

    assert value_under("credentials", credentials) == {
        "user": HIDDEN,
        "keys": [{"n": HIDDEN, "on": True}, HIDDEN],
    }


@pytest.mark.parametrize("label", ["name", "key"])
def test_a_pair_of_name_and_value_is_read_as_one(label: str) -> None:
    redactor = Redactor()

    secret = redactor.redact_value([{label: "Authorization", "value": "zq"}])
    other = redactor.redact_value([{label: "Accept", "value": "zq"}, {label: 1, "value": "zq"}])

    assert secret == [{label: "Authorization", "value": HIDDEN}]
    assert other == [{label: "Accept", "value": "zq"}, {label: 1, "value": "zq"}]


def test_a_parameter_called_password_is_described_not_given() -> None:
    tool = {"properties": {"password": {"type": "string", "description": "of the user"}}}
    given = {"password": {"type": "string", "default": "hunter2"}}

    assert Redactor().redact_value(tool) == tool
    assert Redactor().redact_value(given) == {"password": {"type": HIDDEN, "default": HIDDEN}}


def test_a_policy_adds_names_in_any_spelling() -> None:
    policy = {"key_names": frozenset({"patient record", "--"}), "secrets": False}

    assert value_under("patientRecord", "x", **policy) == HIDDEN
    assert value_under("the.patient_record", 5, **policy) == HIDDEN
    assert value_under("patient", "x", **policy) == "x"
    assert value_under("token", "x", **policy) == "x"


def test_personal_numbers_are_known_by_name_when_the_policy_asks() -> None:
    assert value_under("ssn", 123456789, pii=True) == HIDDEN
    assert value_under("cardNumber", "4", pii=True) == HIDDEN


def test_nothing_is_hidden_when_the_policy_is_off() -> None:
    assert value_under("password", "token=abc", enabled=False, pii=True) == "token=abc"


def test_a_secret_used_as_a_key_is_hidden_and_both_values_stay() -> None:
    keys = {"sk-" + "a" * 20: 1, "sk-" + "b" * 20: 2, "[REDACTED]#1": 3}

    assert Redactor().redact_value(keys) == {HIDDEN: 1, f"{HIDDEN}#1": 2, f"{HIDDEN}#1#2": 3}


def test_a_long_key_is_redacted_and_cut() -> None:
    redacted = Redactor().redact_value({"k" * 490 + " ghp_" + "s" * 300: 1, "m" * 2000: 2})

    first, second = redacted
    assert first == "k" * 245 + "... [truncated]"
    assert second == "m" * 487 + "... [truncated]"
    assert Redactor().redact_value(redacted) == redacted
