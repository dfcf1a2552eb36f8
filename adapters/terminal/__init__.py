"""The command line: its arguments, its commands, and how results are shown."""
