"""Lägesbild: from incident reports to hot spots, decisions and measured effects."""

__version__ = "0.1.0"
