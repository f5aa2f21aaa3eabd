"""What went wrong, in words: every error that a command expects, its text and its exit code."""

from __future__ import annotations

from dataclasses import dataclass

from daypass.cli.options import plain

USAGE = 2
CANNOT = 3
NO = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """What to print on stderr, and the exit code."""

    text: str
    code: int


class CommandError(Exception):
    """A command cannot go on. ``message``: what is wrong; ``advice``: what to do; ``code``: the exit code."""

    def __init__(self, message: str, advice: str, code: int = NO) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.code = code


def explain(error: Exception) -> Problem | None:
    """The problem behind ``error``; None when it is a defect of daypass, which deserves its traceback."""
    from daypass.adapters.keys import MasterKeyError
    from daypass.adapters.storage import DataDirectoryError
    from daypass.errors import ServiceError
    from daypass.ports import AuditUnavailable, StoreUnavailable
    from daypass.server import ListenError, WorkerFailed
    from daypass.settings import SettingsError

    match error:
        case CommandError():
            return Problem(_text(error.message, error.advice), error.code)
        case SettingsError():
            return Problem(_text(error.message, error.advice), USAGE)
        case DataDirectoryError() | MasterKeyError():
            return Problem(_text(error.message, error.advice), CANNOT)
        case ListenError() | WorkerFailed():
            return Problem(_text(str(error)), CANNOT)
        case StoreUnavailable():
            advice = "see that the database runs and that `daypass config` names the right one; nothing was changed"
            return Problem(_text(f"the database does not answer: {error}", advice), CANNOT)
        case AuditUnavailable():
            advice = "see `daypass doctor`; without its record nothing is minted or changed"
            return Problem(_text(f"the audit trail takes no record: {error}", advice), CANNOT)
        case ServiceError():
            return Problem(_text(f"{error.code}: {error.message}"), NO)
        case _:
            return None


def _text(message: str, advice: str = "") -> str:
    text = f"daypass: {message}" + (f"\n  {advice}" if advice else "")
    return "\n".join(map(plain, text.split("\n")))  # somebody else may have worded it
