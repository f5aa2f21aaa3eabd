"""The organization as memory knows it, and where it puts each account."""

from __future__ import annotations

from daypass.organization import Tree
from daypass.snapshot import AccountSnapshot


class Placing:
    """The tree of the organization, None where there is none. ``at``: the change that it is at least as new as."""

    def __init__(self) -> None:
        self.tree: Tree | None = None
        self.at = 0

    def take(self, tree: Tree | None, at: int) -> None:
        """Replace the tree by the one that was read at change ``at``."""
        self.tree, self.at = tree, at

    def learn(self, snapshot: AccountSnapshot, at: int) -> bool:
        """Take over what the commit ``at`` of this process says of the organization; whether anything is new.

        Only the management account says something, and of two commits the later one counts.
        """
        organization, tree = next(iter(snapshot.organizations.values()), None), self.tree
        if at <= self.at:
            return False
        if organization is None:
            if tree is None or tree.management != snapshot.id:
                return False
            self.take(None, at)
            return True
        if tree is not None and tree.organization is organization and tree.policies is snapshot.control_policies:
            return False
        self.take(Tree(snapshot.id, organization, snapshot.control_policies), at)
        return True

    def placed(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """``snapshot`` at its place in the organization; itself where it is there already."""
        membership = self.tree.membership(snapshot.id) if self.tree is not None else None
        return snapshot if snapshot.membership == membership else snapshot.placed(membership)
