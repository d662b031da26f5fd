"""Files to rows: spreadsheets, text tables and map layers that people hand over, whatever shape they are in."""

from app.readers.files import open_file
from app.readers.tables import Format, SourceTable

__all__ = ["Format", "SourceTable", "open_file"]
