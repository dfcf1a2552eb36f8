"""The private view: what unlocks it, and what makes it lock again.

    back_off    failed attempts make the next one wait, whoever tries
    tokens      the address that opens it once on one's own machine
    timing      how long it stays unlocked
    opening     from a passphrase to data in this session's memory
    login       the part of the page

Nothing private lives longer than the session that unlocked it, and nothing of it is shared.
"""
