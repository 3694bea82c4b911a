"""Names of providers and models."""

import sys

import pytest

from agentglass.errors import MissingExtraError, OptionError
from agentglass.models import open_provider, parse_model, provider_names


@pytest.mark.parametrize("name", ["fake", "local", "openai"])
async def test_a_provider_is_opened_by_its_name(name):
    provider = open_provider(name)
    await provider.aclose()

    assert provider.name == name
    assert name in provider_names()


def test_an_unknown_provider_names_the_known_ones():
    with pytest.raises(OptionError, match="Did you mean 'openai'") as caught:
        open_provider("opnai")

    assert "Known: fake, local, openai." in str(caught.value)


def test_a_missing_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.delitem(sys.modules, "agentglass.models.openai", raising=False)

    with pytest.raises(MissingExtraError, match=r"pip install 'agentglass\[openai\]'"):
        open_provider("openai")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("local/extractive", ("local", "extractive")),
        ("openai/meta-llama/llama-3:free", ("openai", "meta-llama/llama-3:free")),
    ],
)
def test_a_model_is_named_with_its_provider(text, parts):
    assert parse_model(text) == parts


@pytest.mark.parametrize("text", ["", "gpt-5", "/gpt-5", "openai/"])
def test_a_model_without_a_provider_is_an_option_error(text):
    with pytest.raises(OptionError, match="provider/model"):
        parse_model(text)
