"""The WSGI entry point for any server."""

from eventhub.app import create_app
from eventhub.settings import load_settings

app = create_app(load_settings())
