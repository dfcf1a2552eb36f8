"""The page that people look at: published generations, drawn with hvplot and served by Panel.

    store       what is published, and when something newer is
    series      its tables as columns over local time, once per generation
    charts      pure drawing: tables in, HoloViews out
    figures     the drawn charts, copied for each visitor and filled with what the range needs
    state       what a visitor chose
    views       the parts of the page
    shell       the page around them

Nothing here imports Hamilton, and nothing is computed that a node could have published.
"""

from adapters import AdapterError


class DashboardError(AdapterError):
    """Root of this package's errors."""
