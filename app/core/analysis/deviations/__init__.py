"""Geographic deviation: places where more than usual for that place happens now.

A deviation is not a hot spot: a hot spot may be perfectly normal. Places are compared with themselves only, and
how unusual is unusual enough is learnt by replaying the organisation's own history.
"""
