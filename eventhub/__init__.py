"""EventHub: events, registrations, calendars and newsletters for networks of non-profits."""
