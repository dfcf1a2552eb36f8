"""Pure drawing: frames in, HoloViews out. No server, no profile, no state.

A chart is a function from one small frame per layer to an overlay, and a function from series to
the columns of these layers. A page draws it once and then replaces the columns of its sources.
"""
