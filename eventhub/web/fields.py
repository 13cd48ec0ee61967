"""Fields that understand what people type: dates, hours, dollars, numbers."""

import re
from datetime import date, time
from typing import Any

import wtforms
from flask_babel import gettext
from wtforms.widgets import DateInput, NumberInput, TextInput, TimeInput


class TypedField(wtforms.Field):
    """A field whose value is read from text. What can't be read stays as it was typed."""

    widget: Any = TextInput()
    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was typed; nothing typed is None."""
        typed = str(valuelist[0]).strip() if valuelist else ""
        self.data = self.read(typed) if typed else None

    def read(self, typed: str) -> Any:
        """Return the value of a text. Raises ValueError with a sentence for the person."""
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """Return a value as one would type it."""
        return str(value)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.show(self.data) if self.data is not None else ""


class DateField(TypedField):
    """A date, as the browser's own date field sends it."""

    widget = DateInput()

    def read(self, typed: str) -> date:
        """Return a date."""
        try:
            return date.fromisoformat(typed)
        except ValueError:
            raise ValueError(gettext("Enter a date like 2026-11-17.")) from None


class TimeField(TypedField):
    """An hour: "13:30", and what people type where the browser lets them ("13 h 30", "9h")."""

    widget = TimeInput()

    def read(self, typed: str) -> time:
        """Return a time of the day."""
        found = re.fullmatch(r"([01]?\d|2[0-3])\s*[:hH]\s*([0-5]\d)?(?::\d{2})?", typed)
        if found is None:
            raise ValueError(gettext("Enter an hour like 13:30."))
        return time(int(found[1]), int(found[2] or 0))

    def show(self, value: time) -> str:
        """Return "13:30"."""
        return f"{value:%H:%M}"


class NumberField(TypedField):
    """A whole number."""

    widget = NumberInput(min=0)

    def read(self, typed: str) -> int:
        """Return a whole number."""
        digits = re.sub(r"[\s\u00a0\u202f]", "", typed)
        if not re.fullmatch(r"-?\d{1,9}", digits):
            raise ValueError(gettext("Enter a number in digits."))
        return int(digits)


class PriceField(TypedField):
    """A price in dollars; its value is in cents."""

    def read(self, typed: str) -> int:
        """Return cents."""
        digits = re.sub(r"[\s\u00a0\u202f$]", "", typed).replace(",", ".")
        if not re.fullmatch(r"\d{1,7}(\.\d{1,2})?", digits):
            raise ValueError(gettext("Enter a price like 25 or 12.50, 0 when it is free."))
        dollars, _, cents = digits.partition(".")
        return int(dollars) * 100 + int(cents.ljust(2, "0"))

    def show(self, value: int) -> str:
        """Return "25" or "12.50"."""
        dollars, cents = divmod(value, 100)
        return f"{dollars}.{cents:02d}" if cents else str(dollars)
