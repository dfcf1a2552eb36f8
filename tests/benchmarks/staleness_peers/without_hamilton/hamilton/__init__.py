"""Stands in for Hamilton where another tool runs the flow: its functions are plain functions."""
