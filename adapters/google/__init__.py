"""Google's interfaces, as far as the pipeline needs them: Drive v3 and Sheets v4.

The packages that reach Google are an extra, `pip install '.[google]'`; nothing imports them before
a Google setting is used.
"""
