"""The one fixture of this folder: botocore's clock stands still."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.auth
import pytest

from tests.sigv4.samples import MOMENT


@pytest.fixture(scope="module")
def botocore_time() -> Iterator[None]:
    """botocore signs at ``NOW``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda **_: MOMENT.replace(tzinfo=None))
        yield
