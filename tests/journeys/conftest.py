"""Whole stories: what the factories make goes into the database of the running house."""

from collections.abc import Iterator

import pytest

from tests import factories


@pytest.fixture(autouse=True)
def _made_in_the_running_house(request: pytest.FixtureRequest) -> Iterator[None]:
    for house in ("fresh_live_server", "live_server"):
        if house in request.fixturenames:
            factories.use(request.getfixturevalue(house).app)
            break
    yield
    factories.use(None)
