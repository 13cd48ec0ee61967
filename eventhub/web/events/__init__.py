"""Pages of events: ``public`` for everyone, ``organiser`` for the network's organisers."""
