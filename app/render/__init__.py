"""Core data to bytes: JSON texts, and later charts, tables and documents. No database, no HTTP."""
