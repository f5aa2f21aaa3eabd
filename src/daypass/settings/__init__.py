"""All settings of one daypass: what they mean, what they may be, where each value comes from.

A value is taken from the first of these that has one, and remembers which it was:

1. an option of the command line,
2. the environment: ``DAYPASS_`` and the setting's name in capitals,
3. the file ``daypass.toml`` in the data directory,
4. the data directory itself: the database that it belongs to,
5. the default.

Whatever is not understood refuses to start: an unknown name in the file or the environment, an empty value, a value of
the wrong kind, settings that contradict each other.

# INVARIANT: 10. an unknown setting refuses to start.
# tests/settings/test_load.py::test_an_unknown_setting_refuses_to_start
"""

from daypass.settings.load import DATABASE_FILE, FILE, data_directory, load, remember_database
from daypass.settings.schema import Described, Loaded, Settings, SettingsError, blanked, describe, listened_url

__all__ = [
    "DATABASE_FILE",
    "FILE",
    "Described",
    "Loaded",
    "Settings",
    "SettingsError",
    "blanked",
    "data_directory",
    "describe",
    "listened_url",
    "load",
    "remember_database",
]
