"""A raw index that forgets everything when it is dropped."""


class MemoryIndex:
    def __init__(self):
        self.entries = {}
        self.stamps = {}
        self.notes = {}

    def raw_entries(self):
        return list(self.entries.values())

    def put_raw_entry(self, entry):
        self.entries[entry.sha256] = entry

    def remembered_sha256(self, stamp):
        return self.stamps.get(stamp)

    def remember_sha256(self, stamp, sha256):
        self.stamps[stamp] = sha256

    def note(self, key):
        return self.notes.get(key)

    def put_note(self, key, text):
        self.notes[key] = text
