"""What a person, a program or the clock does: check permission, do, record. One function each."""
