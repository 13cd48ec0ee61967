"""What the workers do for accounts."""

from eventhub.accounts import emails, service
from eventhub.jobs.registry import MESSAGES, TASKS

MESSAGES["accounts.password_reset"] = emails.password_reset
TASKS["accounts.password_reset"] = service.owe_password_reset
