"""What all HTTP faces share: who is asking, transactions, problem details, headers, limits."""
