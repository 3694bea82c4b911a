"""What the rules find in texts, and what they leave alone."""

import pytest

from agentglass.redact import RedactionPolicy, Redactor

SECRET = "hunter2Zq9"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
PEM = "-----BEGIN {kind}PRIVATE KEY-----\nMIIEow\nabc+/=\n-----END {kind}PRIVATE KEY-----"


def redact(text: str, **policy: object) -> str:
    return Redactor(RedactionPolicy(**policy)).redact_value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"password={SECRET}", "password=[REDACTED]"),
        (f"export OPENAI_API_KEY={SECRET}\nls", "export OPENAI_API_KEY=[REDACTED]\nls"),
        (f"dbPassword: {SECRET}, port: 1", "dbPassword: [REDACTED], port: 1"),
        (f"api key: {SECRET}.", "api key: [REDACTED]."),
        (f'{{"password": "{SECRET} x", "n": 1}}', '{"password": "[REDACTED]", "n": 1}'),
        (f"{{'client_secret': '{SECRET}'}}", "{'client_secret': '[REDACTED]'}"),
        (f'{{"token":"a\\"{SECRET}"}}', '{"token":"[REDACTED]"}'),
        (rf"{{\"token\": \"{SECRET}\", \"n\": 1}}", r"{\"token\": \"[REDACTED]\", \"n\": 1}"),
        (rf"\"pwd\": \"a\\\"{SECRET}\", \"n\"", r"\"pwd\": \"[REDACTED]\", \"n\""),
        (f'os.environ["API_KEY"] = "{SECRET}"', 'os.environ["API_KEY"] = "[REDACTED]"'),
        (f"Server=x;Password={SECRET};Db=y", "Server=x;Password=[REDACTED];Db=y"),
        (f"AccountKey={SECRET}==;Suffix=z", "AccountKey=[REDACTED];Suffix=z"),
        (f"pwd=it's{SECRET}", "pwd=[REDACTED]"),
        (f"f(token={SECRET})", "f(token=[REDACTED])"),
        ("token: 123456", "token: [REDACTED]"),
        (f"secret => {SECRET}", "secret => [REDACTED]"),
        (f"deploy --api-key {SECRET} --dry", "deploy --api-key [REDACTED] --dry"),
        (f'x --db-password "{SECRET} y"', 'x --db-password "[REDACTED]"'),
        (f"Authorization: Token {SECRET}", "Authorization: [REDACTED]"),
        (f'"authorization": "{SECRET}"', '"authorization": "[REDACTED]"'),
        (f"'authorization': ['{SECRET}']", "'authorization': ['[REDACTED]']"),
        (f"Set-Cookie: sid={SECRET}; Path=/\nok", "Set-Cookie: [REDACTED]\nok"),
        (f"Bearer {SECRET}", "Bearer [REDACTED]"),
        ("bearer abcdefghijklmnopqrstuvwxyz", "bearer [REDACTED]"),
        ("Basic dXNlcjpwYXNz!", "Basic [REDACTED]!"),
        ("Basic dXNlcjpwYXNzdw==", "Basic [REDACTED]"),
        (f"postgres://u:{SECRET}@db:5432/x", "postgres://u:[REDACTED]@db:5432/x"),
        (f"redis://:p@{SECRET}@h/0", "redis://:[REDACTED]@h/0"),
        (f"amqp://u:a/{SECRET}@h", "amqp://u:[REDACTED]@h"),
        (f"https://x/a?b=1&sig={SECRET}&c=2", "https://x/a?b=1&sig=[REDACTED]&c=2"),
        (f"https://x/?X-Amz-Signature={SECRET}", "https://x/?X-Amz-Signature=[REDACTED]"),
        (f"https://x/?access_token={SECRET}&c=2", "https://x/?access_token=[REDACTED]&c=2"),
        (f"İ password={SECRET}", "İ password=[REDACTED]"),
        (f"see {JWT}!", "see [REDACTED]!"),
        (rf"one\n{JWT}\n", r"one\n[REDACTED]\n"),
        (rf"one\tBearer {SECRET}", r"one\tBearer [REDACTED]"),
        (f"https://x/?q=a%3D{JWT}", "https://x/?q=a%3D[REDACTED]"),
        (f"a\n{PEM.format(kind='RSA ')}\nb", "a\n[REDACTED]\nb"),
        (f"a\n{PEM.format(kind='')}", "a\n[REDACTED]"),
        ("x -----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz", "x [REDACTED]"),
    ],
)
def test_a_secret_in_a_text_is_replaced_and_the_rest_stays(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "key",
    [
        "sk-abcdefghijklmnopqrstuvwx",
        "sk-ant-api03-abcdefghijklmnop",
        "sk-proj-abc_def-ghijklmnop",
        "AIza" + "SyA-1234567890abcdefghijklmnopqrstu",
        "ya29.a0AfH6SMBx-abcdefghijk",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "gho_abcdefghijklmnopqrstuvwxyz0123456789",
        "github_pat_11ABCDEFG0abcdefghij_klm",
        "glpat-abcdefghij1234567890",
        "xoxb-1234567890-abcdefghij",
        "xapp-1-A012345-abcdefgh",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ASIA" + "IOSFODNN7EXAMPLE",
        "hf_abcdefghijklmnopqrstuvwxyz",
        "r8_abcdefghijklmnopqrstuvwxyz",
        "gsk_abcdefghijklmnopqrstuvwxyz",
        "xai-abcdefghijklmnopqrstuvwxyz",
        "pplx-abcdefghijklmnopqrstuvwxyz",
        "tvly-abcdefghijklmnopqrst",
        "lsv2_pt_abcdefghijklmnopqrst",
        "npm_abcdefghijklmnopqrstuvwxyz",
        "pypi-AgEIcHlwaS5vcmcCJGFhYWE",
        "dckr_pat_abcdefghijklmnopqrst",
        "sk_" + "live_abcdefghijklmnop",
        "rk_" + "live_abcdefghijklmnop",
        "whsec_abcdefghijklmnopqrst",
        "SG." + "abcdefghijklmnopqrst.abcdefghijklmnopqrst",
    ],
)
def test_the_keys_of_well_known_providers_are_found_by_their_shape(key: str) -> None:
    assert redact(f"I called it with {key}, and it failed") == (
        "I called it with [REDACTED], and it failed"
    )


@pytest.mark.parametrize(
    "text",
    [
        "The prompt had 412 tokens, max_tokens=100, token_count: 7, maxToken: 5.",
        "a task-force of risk-averse people, an ask-me-anything",
        "password: ****",
        "password: ${DB_PASSWORD}",
        "secret=$MY_SECRET",
        '"token": null, "password": ""',
        '"credentials": {"user": "x"}',
        "The password is required. Secretary: Ann.",
        "Bearer token, Bearer authentication, a bearer of news",
        "Basic understanding, basic information, basic YWJjZGVmZ2g=, basic abcde",
        "http://localhost:8080/path?x=a@b",
        "http://[::1]:80/x@y",
        "https://user@host/path",
        "the page ?key=1&code=2",
        "eyJ is how base64 JSON begins; eyJhbGciOiJIUzI1NiJ9 alone is none",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "rows ------ and --verbose --tokenizer x",
        "mail ann@example.org about 4111 1111 1111 1111 and 123-45-6789",
        "short",
        "",
    ],
)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail ann.b+c@mail.example.org.", "mail [REDACTED]."),
        ("übung@beispiel.de", "[REDACTED]"),
        ("4111 1111 1111 1111", "[REDACTED]"),
        ("order 12 4111-1111-1111-1111 paid", "order 12 [REDACTED] paid"),
        ("amex 3782 822463 10005", "amex [REDACTED]"),
        ("no 77 378282246310005 8", "no 77 [REDACTED] 8"),
        ("6011000990139424", "[REDACTED]"),
        ("id 123-45-6789!", "id [REDACTED]!"),
        (r"\u00e9123-45-6789", r"\u00e9[REDACTED]"),
        (r"\u00414111 1111 1111 1111", r"\u0041[REDACTED]"),
        (r"one\nann@example.org", r"one\n[REDACTED]"),
    ],
)
def test_personal_data_is_replaced_when_the_policy_asks(text: str, expected: str) -> None:
    assert redact(text, pii=True) == expected


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "1234567890123456",
        "4111 1111 1111",
        "call 000-12-3456 or 666-12-3456 or 912-34-5678 or 123-00-4567 or 1123-45-6789",
        "@mention and a@b",
        "1754321234567890123",
    ],
)
def test_numbers_that_only_look_personal_stay(text: str) -> None:
    assert redact(text, pii=True) == text


def test_a_whole_number_that_is_a_card_number_is_replaced() -> None:
    redactor = Redactor(RedactionPolicy(pii=True))

    assert redactor.redact_value([4111111111111111, 4111111111111112]) == [
        "[REDACTED]",
        4111111111111112,
    ]


def test_patterns_of_the_user_are_applied_to_everything_not_yet_replaced() -> None:
    policy = {"patterns": (r"[A-Z]{3,}", r"x*"), "replacement": "<HIDDEN>"}

    assert redact("ABC pwd=q1 D", **policy) == "<HIDDEN> pwd=<HIDDEN> D"


def test_a_secret_that_a_replacement_uncovers_is_found_too() -> None:
    hidden = "AKIA" + "IOSFODNN7EXAMPLE"

    assert redact(f"zz{hidden}", patterns=("zz",)) == "[REDACTED][REDACTED]"


def test_a_pattern_that_never_comes_to_rest_is_left_after_some_rounds() -> None:
    assert redact("b" * 30, patterns=("b(?!b)",)).endswith("[REDACTED]" * 8)


UNITS = [
    "a", "@", "1", "1 ", "-", "1-", "a.", "a@a.", "-----BEGIN ", "-----BEGIN RSA PRIVATE KEY-----",
    "sk-", "eyJ", "-eyJaaaaaaaa", "password", "password=", 'password:"', 'password=\\"',
    "secret\\\\", "token: '", "://", "://a:", "://a:b", "bearer ", "basic aaaaaaaa", "?key=", "--a",
    "--token", "--token ", "cookie: ", "4111 ", "123-45-", "\\", "'", "[REDACTED]", "é", "İpwd=x ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_no_text_of_100_kb_makes_a_pattern_run_away(unit: str) -> None:
    """A pattern that is not linear would need hours here; no clock is read."""
    gates = "password token :// eyJ @ sk- -- ?key= basic bearer 4 "
    text = gates + unit * (100_000 // len(unit)) + " end"

    redacted = redact(text, pii=True)

    assert redact(redacted, pii=True) == redacted
