"""`python -m app.core.analysis.kernel`: compile the kernel now, so that no analysis waits for it."""

from app.core.analysis.kernel import warm_up

warm_up()
