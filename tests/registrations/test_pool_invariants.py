"""Whatever people do, in whatever order: the pools count right and the line is kept."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from eventhub import clock
from eventhub.db import session
from eventhub.errors import DomainError
from eventhub.events.models import SeatPool
from eventhub.registrations import service
from eventhub.registrations.models import Registration
from tests import factories as a
from tests.registrations.people import assert_counts_hold, register

MODES = some.sampled_from(["in_person", "online"])
_numbers = itertools.count(1)


class Registrations(RuleBasedStateMachine):
    """An event in two modes with few places, and the people who come, go and change."""

    @initialize(places=some.integers(0, 3), policy=some.sampled_from(["never", "always"]))
    def open(self, places: int, policy: str) -> None:
        self.event = a.a_published_event(mode="hybrid", places=places, confirm_address=policy)
        self.rows: list[Registration] = []

    def change(self, change: Callable[[], Any]) -> None:
        try:
            with a.writing():
                change()
        except DomainError:
            session.rollback()

    def row(self, choice: int) -> Registration | None:
        return a.attached(self.rows[choice % len(self.rows)]) if self.rows else None

    @rule(mode=MODES, known=some.booleans(), choice=some.integers(0, 50))
    def someone_registers(self, mode: str, known: bool, choice: int) -> None:
        email = f"personne{next(_numbers)}@example.org"
        if known and self.rows:
            email = self.rows[choice % len(self.rows)].email
        self.rows.append(register(self.event, email, mode=mode).registration)

    @rule(choice=some.integers(0, 50))
    def someone_withdraws(self, choice: int) -> None:
        self.change(lambda: (row := self.row(choice)) and service.withdraw(row))

    @rule(choice=some.integers(0, 50))
    def someone_confirms_their_address(self, choice: int) -> None:
        self.change(lambda: (row := self.row(choice)) and service.confirm_address(row))

    @rule(choice=some.integers(0, 50), mode=MODES, wait=some.booleans())
    def someone_changes_mode(self, choice: int, mode: str, wait: bool) -> None:
        self.change(
            lambda: (
                (row := self.row(choice))
                and service.change(row, name="Lise", organisation="", mode=mode, wait=wait)
            )
        )

    @rule(minutes=some.sampled_from([10, 50]))
    def time_goes_by(self, minutes: int) -> None:
        clock.fix(clock.now() + timedelta(minutes=minutes))
        self.change(service.expire_holds)

    @rule(more=some.integers(1, 2), choice=some.integers(0, 1))
    def the_organiser_adds_places(self, more: int, choice: int) -> None:
        def add() -> None:
            pool = a.attached(self.event).seat_pools[choice]
            pool.capacity = (pool.capacity or 0) + more
            session.flush()
            service.promote(pool.id)

        self.change(add)

    @invariant()
    def the_pools_count_right(self) -> None:
        assert_counts_hold(self.event)

    @invariant()
    def nobody_passed_somebody_who_waited_longer(self) -> None:
        session.rollback()
        session.expire_all()
        for pool in session.query(SeatPool).filter_by(event_id=self.event.id):
            waiting = session.query(Registration).filter_by(pool_id=pool.id, state="waitlisted")
            last = max((row.waitlist_number or 0 for row in waiting), default=0)
            assert last <= pool.last_number

    def teardown(self) -> None:
        clock.fix(None)


@pytest.mark.requirement("S1", "S3", "A21")
def test_the_counts_hold_whatever_people_do(context: None) -> None:
    run_state_machine_as_test(
        Registrations,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],  # making a failure smaller takes minutes here
            suppress_health_check=list(HealthCheck),
        ),
    )
