"""What `quality_rule` says of a call: failed, not measured, or nothing against the call itself."""

import pytest

from neotriage.call_rules import is_call_doubtful, is_call_failed


@pytest.mark.parametrize(
    ("rule", "is_failed", "is_doubtful"),
    [
        ("", False, False),
        ("depth", True, True),
        ("depth_not_measured", False, True),
        ("frequency_not_measured", False, False),
        ("frequency", False, False),
        ("region", False, False),
    ],
)
def test_call_rules__frequency_and_region_say_nothing_of_the_call(rule: str, is_failed: bool, is_doubtful: bool) -> None:
    assert (is_call_failed(rule), is_call_doubtful(rule)) == (is_failed, is_doubtful)
