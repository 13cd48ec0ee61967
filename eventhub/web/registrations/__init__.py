"""Pages of registrations: ``public`` to register, ``own`` to manage, ``organiser`` for the list."""
