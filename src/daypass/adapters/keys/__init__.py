"""The keys this node holds: the master key from its file, and the key ring from the store."""

from daypass.adapters.keys.master import MasterKey, MasterKeyError, open_master_key
from daypass.adapters.keys.memory import MemorySealingKeys
from daypass.adapters.keys.ring import RingKeeper

__all__ = ["MasterKey", "MasterKeyError", "MemorySealingKeys", "RingKeeper", "open_master_key"]
