"""The built-in model: honest work on the text it is given."""

import json
from pathlib import Path

import pytest

from agentglass.errors import OptionError, ProviderError
from agentglass.models import LocalProvider, Message, ProviderSettings

ROOT = Path(__file__).parents[2]
STORY = """# The lamp

The lamp was built in 1890 by a glass maker. It stands on the northern cliff of the island.

- Ships see the lamp from forty miles away.
- The keeper of the lamp cleans the glass every morning.

```python
print("no sentence. at all.")
```

| a | b |
|---|---|
| cell. one. | cell. two. |

In 1950 the lamp became electric. Dr. Brown, e.g. an engineer, wrote about it. Nobody replied.
"""


async def _digest(ask, text, *, options=None, **fields):
    provider = LocalProvider(ProviderSettings(options=options or {}))
    return await provider.chat(ask(text, model="extractive", **fields))


def _flat(text):
    return " ".join(text.split())


async def test_a_digest_of_the_repository_quotes_it_word_for_word(ask):
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    text = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
    reply = await _digest(ask, f"List the 6 main points:\n\n{text}")
    points = [line.removeprefix("- ") for line in reply.text.splitlines()]

    assert 1 <= len(points) <= 6
    assert [point for point in points if point not in _flat(text)] == []


async def test_sentences_stay_in_the_order_of_the_text(ask):
    reply = await _digest(ask, f"Summarise this in three sentences.\n\n{STORY}")
    sentences = reply.text.split(". ")
    places = [_flat(STORY).index(sentence.rstrip(".")) for sentence in sentences]

    assert len(sentences) == 3
    assert places == sorted(places)


async def test_code_tables_and_instructions_are_no_sentences(ask):
    reply = await _digest(ask, f"Please summarise in 20 sentences.\n\n{STORY}")

    assert "no sentence" not in reply.text
    assert "cell" not in reply.text
    assert "Please" not in reply.text
    assert "Dr. Brown, e.g. an engineer, wrote about it." in reply.text


async def test_a_row_of_links_is_no_sentence(ask):
    menu = "[The guide](a.md) · [The lamp and its keeper](b.md) · [The cliff](c.md)"

    reply = await _digest(ask, f"{STORY}\n{menu}\n")

    assert "](" not in reply.text


async def test_the_text_in_tags_is_the_text(ask):
    prompt = f"Be kind. <document>{STORY}</document> Be brief. <document>More glass.</document>"
    reply = await _digest(ask, prompt, options={"sentences": 50})

    assert reply.text.endswith("More glass.")
    assert "Be " not in reply.text


async def test_a_text_without_an_instruction_is_digested_whole(ask):
    reply = await _digest(ask, "Rain fell all night.\n\nThe river rose.")

    assert reply.text == "Rain fell all night. The river rose."


async def test_a_question_brings_its_own_words_forward(ask):
    reply = await _digest(
        ask, f"Who cleans the glass every morning?\n\n{STORY}", options={"sentences": 1}
    )

    assert reply.text == "The keeper of the lamp cleans the glass every morning."


async def test_the_same_text_gives_the_same_digest(ask):
    replies = [await _digest(ask, STORY) for _ in range(2)]

    assert replies[0] == replies[1]


async def test_tokens_are_counted_and_the_tokenizer_is_named(ask):
    messages = (Message("system", "Be brief!"), Message("user", "One two. Don't \u732b\u72ac"))
    reply = await LocalProvider().chat(ask(model="extractive", messages=messages))

    assert reply.usage.input_tokens == 3 + 3 + 3 + 2
    assert reply.usage.output_tokens == 8
    assert reply.usage.raw["tokenizer"] == "agentglass-words-1"


async def test_it_says_what_it_is_and_costs_nothing(ask):
    reply = await _digest(ask, STORY)

    assert reply.model == "local/extractive"
    assert "no language model" in reply.usage.raw["about"]
    assert reply.reported_cost_usd == 0
    assert reply.finish_reason == "stop"


@pytest.mark.parametrize("limit", [1, 5, 20, 40])
@pytest.mark.parametrize("task", ["Summarise.", "List 4 bullet points:"])
async def test_a_digest_keeps_within_its_tokens(ask, limit, task):
    reply = await _digest(ask, f"{task}\n\n{STORY}", max_tokens=limit)

    assert 1 <= reply.usage.output_tokens <= limit


async def test_a_sentence_that_is_cut_is_said_to_be_cut(ask):
    reply = await _digest(ask, "one two three four five", max_tokens=3)

    assert (reply.text, reply.finish_reason) == ("one two three", "length")


@pytest.mark.parametrize("text", ["", "   \n\n", "<text></text>", "---\n***", "\u0000"])
async def test_where_there_is_no_text_it_says_so(ask, text):
    assert (await _digest(ask, text)).text == "There is no text to digest."


async def test_a_text_that_is_all_code_is_quoted_by_lines(ask):
    assert (await _digest(ask, "```\nfirst line\nsecond line\n```")).text == (
        "first line second line"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Die Katze schl\u00e4ft. Z.B. am Abend. Warum? Niemand wei\u00df es genau!",
        "\u732b\u306f\u5ea7\u3063\u3066\u3044\u308b\u3002\u72ac\u306f\u5420\u3048\u308b\u3002",
        "\u041a\u043e\u0448\u043a\u0430 \u0441\u043f\u0438\u0442. \u0421\u043e\u0431\u0430\u043a\u0430 \u043b\u0430\u0435\u0442.",
    ],
)
async def test_other_languages_are_split_into_sentences(ask, text):
    assert (await _digest(ask, text)).text == text


async def test_five_megabytes_are_digested_and_nothing_is_said_twice(ask):
    unit = "The lamp is old. It shines, e.g. at night! "
    reply = await _digest(ask, unit * (5_000_000 // len(unit)), max_tokens=50)

    assert reply.text == unit.strip()


@pytest.mark.parametrize(
    "unit", ["x", "- a\n", "!)", "<text>", "`", "# ", "[![ ", "> ", " \n", "a."]
)
async def test_a_text_that_repeats_one_mark_takes_linear_time(ask, unit):
    """A quadratic step would keep this test busy for hours."""
    reply = await _digest(ask, f"{unit * (500_000 // len(unit))} end", max_tokens=50)

    assert reply.usage.output_tokens <= 50


async def test_a_schema_is_filled_by_quoting_and_counting(ask):
    schema = {
        "type": "object",
        "required": ["title", "summary", "word_count"],
        "properties": {
            "title": {"type": "string"},
            "summary": {"type": "string"},
            "keywords": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            "key_points": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
            "word_count": {"type": "integer"},
            "sentences": {"type": ["integer", "null"]},
            "inner": {"$ref": "#/$defs/Inner"},
            "confidence": {"type": "number"},
            "source": {"const": "text"},
        },
        "$defs": {"Inner": {"properties": {"headings": {"anyOf": [{"type": "null"}, _STRINGS]}}}},
    }
    reply = await _digest(ask, f"Summarise.\n\n{STORY}", output_schema=schema)
    answer = json.loads(reply.text)

    assert answer["title"] == "The lamp"
    assert "lamp" in answer["keywords"]
    assert len(answer["keywords"]) == 3
    assert [point in _flat(STORY) for point in answer["key_points"]] == [True, True]
    assert answer["sentences"] == 7
    assert answer["word_count"] > 60
    assert answer["inner"] == {"headings": ["The lamp"]}
    assert answer["source"] == "text"
    assert "confidence" not in answer


_STRINGS = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("score", {"type": "number"}),
        ("mood", {"type": "string", "enum": ["good", "bad"]}),
        ("is_spam", {"type": "boolean"}),
        ("rows", {"type": "array", "items": {"type": "object"}}),
        ("loop", {"$ref": "#/$defs/Loop"}),
    ],
)
async def test_a_judgement_is_refused_and_not_invented(ask, name, schema):
    whole = {
        "type": "object",
        "properties": {name: schema},
        "required": [name],
        "$defs": {"Loop": {"properties": {"loop": {"$ref": "#/$defs/Loop"}}, "required": ["loop"]}},
    }
    with pytest.raises(ProviderError, match=f"cannot decide the field '{name}'"):
        await _digest(ask, STORY, output_schema=whole)


async def test_an_unknown_model_is_an_option_error(ask):
    with pytest.raises(OptionError, match="Did you mean 'extractive'"):
        await LocalProvider().chat(ask(model="extractiv"))


def test_a_length_that_is_none_is_an_option_error():
    with pytest.raises(OptionError, match="'sentences'"):
        LocalProvider(ProviderSettings(options={"sentences": 0}))
