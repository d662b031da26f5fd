"""`python -m app.cli` is the `lagesbild` command."""

from app.cli import main

main()
