"""The built-in model: a summariser that quotes. No network, no key, no cost."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agentglass.errors import OptionError, ProviderError, did_you_mean
from agentglass.models.extract import Digest
from agentglass.models.port import ChatReply, ChatRequest, Message, ProviderSettings
from agentglass.models.structured import UnfillableError, fill_schema
from agentglass.models.tokens import count_usage, cut_tokens

__all__ = ["ABOUT", "LocalProvider"]

ABOUT = (
    "agentglass local/extractive: no language model. It picks the key sentences of the text it is "
    "given, word for word, by term weight and place; it does not reason, translate or converse."
)
"""What the model says about itself; recorded with the usage of every call."""

_MODELS = ("extractive", "default", "summarise", "summarize")
_NOTHING = "There is no text to digest."
_DEFAULT_SENTENCES = 5
_MOST_SENTENCES = 200

_TAGS = re.compile(r"</?(documents?|text|context)>")
_GAP = re.compile(r"\A[^\n]*:[ \t\r]*\n|\n[ \t\r]*\n")
"""Behind a first line with a colon, or at the first blank line."""
_INSTRUCTION_CHARS = 1000
_INSTRUCTION = re.compile(
    r".*[:?]|(?:please\s+|you\s+are\b.*)?(?:summari[sz]e|digest|extract|describe|explain|list|write"
    r"|give|name|find|read|answer|condense|review|analy[sz]e|tell|what|report)\b.*",
    re.DOTALL | re.IGNORECASE,
)
_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_LENGTH = re.compile(
    rf"\b(\d{{1,3}}|{'|'.join(_NUMBERS)})\s+(?:\w+\s+)?(?:sentence|point|bullet|line|item)s?\b",
    re.IGNORECASE,
)
_NO_SPACE = ("\u3002", "\uff01", "\uff1f")
"""Full stops that no space follows."""
_BULLETS = re.compile(r"\b(?:bullets?|points?|list|items?)\b", re.IGNORECASE)


class LocalProvider:
    """Answers with the key sentences of the text it is given.

    The text is the last user message. What stands in `<documents>`, `<document>`, `<text>` or
    `<context>` tags is the text where there are such tags; else all but the first paragraph (or
    line, if it ends with a colon), when that is an instruction: at most 1000 characters, no
    heading, and ends with `:` or `?` or starts with a word like `Summarise`. An instruction may say how long ("in three sentences",
    "5 bullet points"), and when it is a question its words weigh more.

    With an output schema the answer is JSON (see `structured.fill_schema`), and `max_tokens` bounds
    the summary in it. The option `sentences` sets the usual length. Token counts are real, by the tokenizer named in `usage.raw`.
    """

    name = "local"

    def __init__(self, settings: ProviderSettings | None = None) -> None:
        self._options = dict(settings.options) if settings else {}
        _sentences(self._options)

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Digest the last user message, in a thread of its own."""
        if request.model not in _MODELS:
            raise OptionError(
                f"Unknown model {request.model!r} of the provider 'local'."
                f"{did_you_mean(request.model, _MODELS)} Models: {', '.join(_MODELS)}."
            )
        return await asyncio.to_thread(self._answer, request)

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""

    def _answer(self, request: ChatRequest) -> ChatReply:
        task = _read_task(request.last_user_text, {**self._options, **request.options})
        digest = Digest(task.text, question=task.question)
        if request.output_schema is None:
            text = _summarise(digest, task, request.max_tokens) or _NOTHING
            kept = _cut(text, request.max_tokens)
        else:
            text = kept = self._fill(request, request.output_schema, digest, task)
        return ChatReply(
            message=Message("assistant", kept),
            model="local/extractive",
            usage=count_usage(request.messages, kept, about=ABOUT),
            finish_reason="stop" if kept == text else "length",
            reported_cost_usd=Decimal(0),
        )

    def _fill(
        self, request: ChatRequest, schema: Mapping[str, Any], digest: Digest, task: "_Task"
    ) -> str:
        summary = _cut(_summarise(digest, task, request.max_tokens), request.max_tokens)
        try:
            return json.dumps(fill_schema(schema, digest, summary), ensure_ascii=False)
        except UnfillableError as error:
            raise ProviderError(self.name, request.model, str(error)) from error


@dataclass(frozen=True, slots=True)
class _Task:
    text: str
    question: str
    sentences: int
    as_bullets: bool


def _read_task(prompt: str, options: Mapping[str, Any]) -> _Task:
    instruction, text = _part(prompt)
    asked = _LENGTH.search(instruction)
    count = _sentences(options)
    if asked is not None:
        word = asked[1].lower()
        count = _NUMBERS.get(word) or int(word)
    return _Task(
        text=text,
        question=instruction if instruction.endswith("?") else "",
        sentences=max(1, min(count, _MOST_SENTENCES)),
        as_bullets=_BULLETS.search(instruction) is not None,
    )


def _part(prompt: str) -> tuple[str, str]:
    """Return (instruction, text)."""
    tagged = list(_find_tagged(prompt))
    if tagged:
        around = prompt[: tagged[0].start] + prompt[tagged[-1].stop :]
        parts = (_TAGS.sub("", prompt[part]) for part in tagged)
        return _TAGS.sub("", around).strip()[:_INSTRUCTION_CHARS], "\n\n".join(parts)
    prompt = prompt.strip()
    gap = _GAP.search(prompt)
    if gap is None or gap.end() > _INSTRUCTION_CHARS or prompt.startswith("#"):
        return "", prompt
    first = prompt[: gap.end()].strip()
    return (first, prompt[gap.end() :]) if _INSTRUCTION.fullmatch(first) else ("", prompt)


def _find_tagged(prompt: str) -> Iterator[slice]:
    """Yield where the text in tags stands; a tag that is never closed ends the search."""
    opened = _TAGS.search(prompt)
    while opened is not None:
        closing = f"</{opened[1]}>"
        end = prompt.find(closing, opened.end())
        if end < 0:
            return
        yield slice(opened.end(), end)
        opened = _TAGS.search(prompt, end + len(closing))


def _sentences(options: Mapping[str, Any]) -> int:
    value = options.get("sentences", _DEFAULT_SENTENCES)
    if not isinstance(value, int) or value < 1:
        raise OptionError(
            f"The local provider's 'sentences' must be a whole number from 1, not {value!r}."
        )
    return value


def _summarise(digest: Digest, task: _Task, max_tokens: int | None) -> str:
    if task.as_bullets:
        room = None if max_tokens is None else max(1, max_tokens - task.sentences)
        return "\n".join(f"- {sentence}" for sentence in digest.pick(task.sentences, room))
    sentences = digest.pick(task.sentences, max_tokens)
    return "".join(text if text.endswith(_NO_SPACE) else f"{text} " for text in sentences).strip()


def _cut(text: str, max_tokens: int | None) -> str:
    return text if max_tokens is None else cut_tokens(text, max_tokens)
