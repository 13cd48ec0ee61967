"""Events: ``listing`` reads for the public, ``editing`` writes, ``importing`` takes a programme."""
