"""Map features in the database: what a request asks for, compiled to SQL with bound values only."""
