"""Pages of newsletters: ``public`` for readers, ``organiser`` for the network's organisers."""
