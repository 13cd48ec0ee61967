"""Whole stories: what the factories make goes into the database of the running house."""

from collections.abc import Iterator

import pytest

from tests import factories
from tests.live import LiveServer


@pytest.fixture(autouse=True)
def _made_in_the_running_house(live_server: LiveServer) -> Iterator[None]:
    factories.use(live_server.app)
    yield
    factories.use(None)
