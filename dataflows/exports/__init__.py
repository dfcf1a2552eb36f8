"""One module per vendor export: recognise it, turn its bytes into records and rejected rows."""

from dataflows.exports.export_file import ExportFile, ParsedExport

__all__ = ["ExportFile", "ParsedExport"]
