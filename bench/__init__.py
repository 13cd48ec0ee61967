"""`make bench`: how fast it is, each figure beside a reference measured in the same run."""
