"""One module a group; each offers ``run(full) -> Iterator[Line]``."""
