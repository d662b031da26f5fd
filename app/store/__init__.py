"""PostgreSQL: the only home of SQL, tables and transactions."""
