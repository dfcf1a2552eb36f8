"""What code can reach, read from source bytes: summaries of files, a graph of them, digests.

`normal_form` and `scopes` say what a piece of code is and which of its names are global;
`expressions` and `statements` walk it; `summary` is what a file says by itself; `names` finds what
a name of one file means in another; `graph` links all files, import-time effects included;
`merkle` turns what a function reaches into one digest.
"""
