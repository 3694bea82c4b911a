"""An extractive digest: the sentences and the words that say most about a text."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from agentglass.models.prose import Prose, Sentence, read_prose
from agentglass.models.tokens import count_tokens

__all__ = ["Digest"]

_CANDIDATES = 200
"""How many of the best sentences are weighed against each other."""
_FEW_TERMS, _ENOUGH_TERMS, _MANY_TERMS = 4, 12, 30
"""A sentence reads well between the last two; below the first one it is a fragment."""
_TERM = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]{2}|[^\W_][\w'-]+")
_COMMON_WORDS = """
    about after again all also and any are because been before being both but can could did does
    done each even every few for from had has have her here him his how into its just like may more
    most must not now off once one only onto other our out over own per same shall she should since
    some such than that the their them then there these they this those through too two under until
    use used uses using very was were what when where which while who why will with within without
    would you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())


class Digest:
    """What is in a text, by term weights (tf-idf over sentences) and place.

    Nothing is written: every sentence stands in the text. The same text gives the same digest.
    """

    def __init__(self, text: str, *, question: str = "") -> None:
        """Read a text.

        Args:
            text: Plain text or Markdown.
            question: Sentences that share its words weigh more.
        """
        self.text = text
        self.prose: Prose = read_prose(text)
        self._asked = frozenset(_terms(question))

    @property
    def title(self) -> str:
        """The first heading, or else the best sentence."""
        return next(iter(self.prose.headings), "") or next(iter(self.pick(1)), "")

    def pick(self, count: int, max_tokens: int | None = None) -> list[str]:
        """Return up to `count` key sentences in the order of the text.

        Args:
            count: How many at most.
            max_tokens: Bound for all of them; where none fits, the best one comes nevertheless.
        """
        chosen: list[int] = []
        left = math.inf if max_tokens is None else max_tokens
        for index in self._ranked(count if max_tokens is None else _CANDIDATES):
            size = count_tokens(self.prose.sentences[index].text)
            if size <= left:
                chosen.append(index)
                left -= size
            if len(chosen) == count:
                break
        return [self.prose.sentences[index].text for index in sorted(chosen or self._ranked(1))]

    def keywords(self, count: int) -> list[str]:
        """Return the words that weigh most, heaviest first; numbers are none."""
        heaviest = sorted(
            (-self._spread[term] * rarity, term)
            for term, rarity in self._rarity.items()
            if not term.isdigit()
        )
        return [term for _, term in heaviest[:count]]

    @cached_property
    def _sentence_terms(self) -> list[frozenset[str]]:
        return [frozenset(_terms(sentence.text)) for sentence in self.prose.sentences]

    @cached_property
    def _spread(self) -> Counter[str]:
        """In how many sentences a term occurs."""
        return Counter(term for terms in self._sentence_terms for term in terms)

    @cached_property
    def _rarity(self) -> dict[str, float]:
        total = len(self.prose.sentences)
        return {
            term: math.log((total + 1) / (count + 0.5))
            for term, count in self._spread.items()
            if len(term) > 2 or not term.isascii()
        }

    @cached_property
    def _weights(self) -> dict[str, float]:
        return {
            term: math.log1p(self._spread[term]) * rarity for term, rarity in self._rarity.items()
        }

    @cached_property
    def _candidates(self) -> list[int]:
        """The best sentences, best first; what a text says twice counts where it says it first."""
        sentences = self.prose.sentences
        first = {sentences[i].text: i for i in reversed(range(len(sentences)))}
        scores = {
            i: self._score(sentences[i], self._sentence_terms[i], frozenset())
            for i in first.values()
        }
        return sorted(scores, key=lambda i: (-scores[i], i))[:_CANDIDATES]

    def _ranked(self, count: int) -> Iterable[int]:
        """Yield sentences, best first; a term that was said already counts a third."""
        pool, said = list(self._candidates), set[str]()
        sentences, terms = self.prose.sentences, self._sentence_terms
        while pool and count:
            best = max(pool, key=lambda i: (self._score(sentences[i], terms[i], said), -i))
            yield best
            count -= 1
            pool.remove(best)
            said |= terms[best]

    def _score(
        self, sentence: Sentence, terms: frozenset[str], said: frozenset[str] | set[str]
    ) -> float:
        weight = sum(self._weights.get(term, 0.0) / (3 if term in said else 1) for term in terms)
        asked = 1 + 2 * len(terms & self._asked)
        lead = 1 + 0.5 / (1 + sentence.place)
        size = len(terms)
        shape = 0.3 if size < _FEW_TERMS else min(1.0, _MANY_TERMS / size)
        return asked * lead * shape * weight / max(size, _ENOUGH_TERMS)


def _terms(text: str) -> Sequence[str]:
    return [term for term in _TERM.findall(text.lower()) if term not in _COMMON]
