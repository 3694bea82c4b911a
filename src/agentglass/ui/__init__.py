"""Web pages: the trace list and the waterfall.

Empty so far: the floor is reserved so that its place in the import contract is checked.
"""

__all__: list[str] = []
