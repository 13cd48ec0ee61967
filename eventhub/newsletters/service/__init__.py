"""Use cases of newsletters: ``reading``, ``composing`` and ``sending``."""
