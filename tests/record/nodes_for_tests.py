"""Graph nodes that a pickle can name."""


def double(state):
    """Double x."""
    return {"x": state["x"] * 2}


async def adouble(state):
    return {"x": state["x"] * 2}


class Doubler:
    factor = 2

    def __call__(self, state):
        return {"x": state["x"] * self.factor}

    def method(self, state):
        return {"x": state["x"] * self.factor}

    async def amethod(self, state):
        return {"x": state["x"] * self.factor}


class AsyncDoubler(Doubler):
    async def __call__(self, state):
        return {"x": state["x"] * self.factor}


def scaled(factor, state):
    return {"x": state["x"] * factor}


async def ascaled(factor, state):
    return {"x": state["x"] * factor}
