"""A published generation in the hands of others: CSV, Parquet, FHIR, a report for a doctor.

Everything here reads what is published and nothing else, and what it makes names the generation
that it came from. The same generation gives the same bytes.
"""
