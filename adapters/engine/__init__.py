"""The engine: any Hamilton flow, planned, run, and each of its results registered.

It knows the registry and Hamilton, and nothing of health data, profiles or sources.
"""
