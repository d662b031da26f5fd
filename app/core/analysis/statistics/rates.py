"""How much more or less than before, with the interval that a few reports leave open.

Twenty reports after ten is "twice as many" and may be anything from as many to four times: a percentage alone
says more than is known.
"""

from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and what it may be; None where it cannot be told or has no upper end."""

    estimate: float | None
    low: float
    high: float | None


def share(count: int, of: int, confidence: float = CONFIDENCE) -> Interval:
    """A share with its exact interval (Clopper & Pearson 1934). Raises ValueError unless 0 <= count <= of."""
    from scipy.special import betaincinv  # noqa: PLC0415 -- only statistics need it

    if not 0 <= count <= of:
        raise ValueError(f"A share needs 0 <= count <= of, got {count} of {of}.")
    tail = _tail(confidence)
    return Interval(
        estimate=count / of if of else None,
        low=float(betaincinv(count, of - count + 1, tail)) if count else 0.0,
        high=float(betaincinv(count + 1, of - count, 1 - tail)) if count < of else 1.0,
    )


def rate_ratio(
    count: int, earlier: int, *, length: float = 1.0, earlier_length: float = 1.0, confidence: float = CONFIDENCE
) -> Interval:
    """How many times the earlier rate the present one is, with its exact interval.

    count, earlier: of reports; length, earlier_length: of the two periods, in one unit. Given both together, the
    present count is binomial (Przyborowski & Wilenski 1940). Raises ValueError for negative counts or no length.
    """
    if min(count, earlier) < 0 or not min(length, earlier_length) > 0:
        raise ValueError("Counts cannot be negative and periods must have a length.")
    scale = earlier_length / length
    part = share(count, count + earlier, confidence)
    return Interval(
        estimate=count / earlier * scale if earlier else None,
        low=part.low / (1 - part.low) * scale,
        high=part.high / (1 - part.high) * scale if part.high is not None and part.high < 1 else None,
    )


def _tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"The confidence must be between 0 and 1, got {confidence}.")
    return (1 - confidence) / 2
