"""Usage and cost: unknown is not zero, and money is exact."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentglass.spans import PICO_PER_USD, Cost, Usage
from agentglass.spans.usage import COUNT_NAMES

counts = st.none() | st.integers(0, 10**9)
usages = st.builds(Usage, **dict.fromkeys(COUNT_NAMES, counts))


def test_a_count_that_both_leave_open_stays_unknown() -> None:
    total = Usage(input_tokens=1, output_tokens=2) + Usage(input_tokens=3)

    assert total == Usage(input_tokens=4, output_tokens=2)
    assert total.cache_read_tokens is None


def test_a_known_zero_stays_zero() -> None:
    assert (Usage(input_tokens=0) + Usage()).input_tokens == 0


@pytest.mark.parametrize(
    ("usage", "total"),
    [
        (Usage(), None),
        (Usage(input_tokens=1), None),
        (Usage(output_tokens=1), None),
        (Usage(input_tokens=1, output_tokens=2, reasoning_tokens=2, cache_read_tokens=1), 3),
    ],
)
def test_a_total_is_known_when_both_sides_are(usage: Usage, total: int | None) -> None:
    assert usage.total_tokens == total


def test_tokens_written_to_caches_of_either_lifetime_add_up() -> None:
    assert Usage().cache_write_tokens is None
    assert Usage(cache_write_1h_tokens=2).cache_write_tokens == 2
    assert Usage(cache_write_5m_tokens=1, cache_write_1h_tokens=2).cache_write_tokens == 3


@given(usages, usages, usages)
def test_adding_does_not_depend_on_order(first: Usage, second: Usage, third: Usage) -> None:
    assert first + second == second + first
    assert (first + second) + third == first + (second + third)
    assert first + Usage() == first


@given(usages)
def test_usage_comes_back_as_it_was(usage: Usage) -> None:
    assert Usage.from_dict({**usage.to_dict(), "unknown": 1}) == usage
    assert None not in usage.to_dict().values()


def test_the_record_of_the_provider_is_kept_and_copied() -> None:
    raw = {"prompt_tokens": 3}
    usage = Usage(input_tokens=3, raw=raw)

    assert usage.to_dict() == {"input_tokens": 3, "raw": raw}
    assert usage.to_dict()["raw"] is not raw
    assert Usage.from_dict(usage.to_dict()).raw == raw


@given(st.integers(0, 10**18))
def test_a_cost_in_usd_comes_back_exactly(pico_usd: int) -> None:
    cost = Cost(pico_usd=pico_usd)

    assert cost.total_usd * PICO_PER_USD == pico_usd
    assert Cost.from_usd(cost.total_usd) == cost


@pytest.mark.parametrize(
    ("usd", "pico_usd"),
    [
        ("0.1", 10**11),
        (0.1, 10**11),
        (Decimal("1e-12"), 1),
        ("0", 0),
        ("4e-13", 0),
        (2, 2 * 10**12),
    ],
)
def test_a_cost_is_read_from_any_way_to_write_usd(
    usd: Decimal | float | str, pico_usd: int
) -> None:
    assert Cost.from_usd(usd).pico_usd == pico_usd


def test_a_cost_comes_back_as_it_was() -> None:
    cost = Cost(pico_usd=5, source="catalogue", price="gpt-x", date="2026-11-01")

    assert cost.to_dict() == {
        "pico_usd": 5,
        "source": "catalogue",
        "price": "gpt-x",
        "date": "2026-11-01",
    }
    assert Cost.from_dict({**cost.to_dict(), "unknown": 1}) == cost
