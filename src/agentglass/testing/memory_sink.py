"""A sink that keeps what it gets."""

from collections.abc import Sequence

from agentglass.spans import Delivered, Delivery, Trace

__all__ = ["MemorySink"]


class MemorySink:
    """A `Sink` for tests.

    Args:
        answers: What to answer, one for each batch; `Delivered` once they are used up. A batch is
            kept only when the answer is `Delivered`.
    """

    name = "memory"

    def __init__(self, answers: Sequence[Delivery] = ()) -> None:
        self.traces: list[Trace] = []
        """Every trace that was delivered, in order."""
        self.is_closed = False
        self._answers = list(answers)

    def deliver(self, batch: Sequence[Trace]) -> Delivery:
        """Keep the batch, or answer what the test asked for."""
        answer = self._answers.pop(0) if self._answers else Delivered()
        if isinstance(answer, Delivered):
            self.traces.extend(batch)
        return answer

    def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True
