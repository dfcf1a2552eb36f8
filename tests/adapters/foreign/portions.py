"""A dataflow that another one takes in as a subdag."""

from hamilton.function_modifiers import config


def portion(number: int, factor: int) -> int:
    """A multiple."""
    return number * factor


@config.when(rounding="up")
def rounded__up(portion: int) -> int:
    """The next ten."""
    return -(-portion // 10) * 10


@config.when(rounding="down")
def rounded__down(portion: int) -> int:
    """The ten before."""
    return portion // 10 * 10
