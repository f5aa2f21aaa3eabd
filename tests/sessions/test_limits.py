"""How long sessions last and what they may carry, in AWS's words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import InvalidParameterValue, PackedPolicyTooLarge, ServiceError, ValidationError
from daypass.principals import Session, Tags
from daypass.sessions.content import pack
from daypass.sessions.limits import (
    PACKED_BUDGET,
    check_session_policies,
    effective_tags,
    inherited_tags,
    packed_policy_size,
    role_session_duration,
    session_tags,
    session_token_duration,
    source_identity,
)
from tests.sessions.samples import ROLE, TABLE_POLICY

ROLE_MAXIMUM = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
CHAIN_MAXIMUM = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
DUPLICATE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
NOT_PASSED = "The specified transitive tag key must be included in the requested tags."
CONFLICT = (
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
    "calling session."
)

keys = st.text("abcABC", min_size=1, max_size=2)
tag_lists = st.lists(st.tuples(keys, st.text("xy", max_size=2)), max_size=5).map(tuple)


def session_with(tags: Tags = (), transitive: tuple[str, ...] = (), identity: str | None = None) -> Session:
    """A caller's session with these facts."""
    return ROLE._replace(tags=tags, transitive=transitive, source_identity=identity)


# ── durations ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("requested", "maximum", "chained", "lasts"),
    [
        (None, 3_600, False, 3_600),
        (None, 43_200, False, 3_600),
        (None, 43_200, True, 3_600),
        (900, 3_600, False, 900),
        (3_600, 3_600, True, 3_600),
        (43_200, 43_200, False, 43_200),
        (3_601, 3_600, False, ROLE_MAXIMUM),
        (43_200, 43_199, False, ROLE_MAXIMUM),
        (3_601, 43_200, True, CHAIN_MAXIMUM),
        (7_200, 3_600, True, ROLE_MAXIMUM),
    ],
)
def test_role_session_duration(requested: int | None, maximum: int, chained: bool, lasts: int | str) -> None:
    """The role's maximum is checked first, then the hour of a chain; nothing asked is an hour."""
    if isinstance(lasts, int):
        assert role_session_duration(requested, maximum, chained=chained) == lasts
        return
    with pytest.raises(ValidationError) as caught:
        role_session_duration(requested, maximum, chained=chained)
    assert str(caught.value) == lasts


@pytest.mark.parametrize(
    ("requested", "is_root", "lasts"),
    [
        (None, False, 43_200),
        (900, False, 900),
        (129_600, False, 129_600),
        (None, True, 3_600),
        (900, True, 900),
        (3_601, True, 3_600),
        (129_600, True, 3_600),
    ],
)
def test_session_token_duration(requested: int | None, is_root: bool, lasts: int) -> None:
    """Half a day for users when nothing is asked; root silently gets an hour at most."""
    assert session_token_duration(requested, is_root=is_root) == lasts


# ── source identity ──────────────────────────────────────────────────────────────────────────────────


def test_a_source_identity_stays() -> None:
    """Once set it comes along whether it is repeated or not, and cannot be replaced."""
    inherited = session_with(identity="anna")
    assert source_identity(None, inherited) == "anna"
    assert source_identity("anna", inherited) == "anna"
    for other in ("Anna", "", "anna2"):
        with pytest.raises(ValidationError) as caught:
            source_identity(other, inherited)
        assert str(caught.value) == "The source identity is already set for this assume role session"


def test_a_source_identity_is_set_where_there_is_none() -> None:
    """A long-term key and a session without one may set it, or leave it."""
    for inherited in (None, session_with()):
        assert source_identity("anna", inherited) == "anna"
        assert source_identity(None, inherited) is None


# ── session tags ─────────────────────────────────────────────────────────────────────────────────────


def refused(passed: Tags, transitive: tuple[str, ...] = (), inherited: Session | None = None) -> ServiceError:
    """The refusal of these tags."""
    with pytest.raises(ServiceError) as caught:
        session_tags(passed, transitive, inherited)
    return caught.value


def test_passed_tags_become_the_sessions() -> None:
    """Tags keep order and spelling; transitive keys are spelled as the tags are, each once."""
    passed = (("Team", "lake"), ("stage", "prod"))
    assert session_tags(passed, ("STAGE", "stage", "team"), None) == (passed, ("stage", "Team"))
    assert session_tags((), (), None) == ((), ())
    assert session_tags((), (), session_with()) == ((), ())


@pytest.mark.parametrize(
    ("passed", "transitive", "text"),
    [
        ((("team", "a"), ("team", "a")), (), DUPLICATE),
        ((("team", "a"), ("TEAM", "b")), (), DUPLICATE),
        ((("Ä", "a"), ("ä", "b")), (), DUPLICATE),
        ((("team", "a"),), ("stage",), NOT_PASSED),
        ((), ("team",), NOT_PASSED),
    ],
)
def test_tags_that_contradict_each_other_are_refused(passed: Tags, transitive: tuple[str, ...], text: str) -> None:
    """Keys that differ only by case are one key twice, and only passed tags can be made transitive."""
    refusal = refused(passed, transitive)
    assert isinstance(refusal, InvalidParameterValue)
    assert str(refusal) == text


def test_inherited_transitive_tags_stay() -> None:
    """Transitive tags go on with value and spelling and stay transitive; the others stay behind."""
    caller = session_with((("Team", "lake"), ("stage", "prod")), ("Team",))
    assert inherited_tags(caller) == (("Team", "lake"),)
    assert session_tags((), (), caller) == ((("Team", "lake"),), ("Team",))
    assert session_tags((("stage", "dev"),), ("stage",), caller) == (
        (("Team", "lake"), ("stage", "dev")),
        ("Team", "stage"),
    )


@pytest.mark.parametrize("key", ["Team", "team", "TEAM"])
@pytest.mark.parametrize("marked", [True, False], ids=["marked", "unmarked"])
def test_an_inherited_transitive_key_is_not_passed_again(key: str, marked: bool) -> None:
    """Neither with another value nor with the same, in no spelling, whether marked transitive or not."""
    caller = session_with((("Team", "lake"),), ("Team",))
    for value in ("lake", "sea"):
        refusal = refused(((key, value),), (key,) if marked else (), caller)
        assert isinstance(refusal, InvalidParameterValue)
        assert str(refusal) == CONFLICT


@pytest.mark.parametrize("key", ["aws:team", "AWS:team", "aWs:", "aws:PrincipalTag/x"])
def test_keys_of_aws_are_reserved(key: str) -> None:
    """No tag key begins with `aws:`, in whatever case."""
    assert isinstance(refused(((key, "x"),)), ValidationError)


def test_fifty_tags_count_the_inherited_ones() -> None:
    """Fifty in all are accepted, one more is not, whoever brought them."""
    many = tuple((f"key{number}", "") for number in range(50))
    caller = session_with((("team", "lake"),), ("team",))
    assert len(session_tags(many, (), None)[0]) == 50
    assert len(session_tags(many[1:], (), caller)[0]) == 50
    assert "Member must have length less than or equal to 50" in str(refused(many, (), caller))


@given(tags=tag_lists, marks=st.lists(keys, max_size=3).map(tuple), before=tag_lists)
def test_no_call_sheds_a_transitive_tag(tags: Tags, marks: tuple[str, ...], before: Tags) -> None:
    """Whatever is passed, either the call is refused or all inherited transitive tags are in force unchanged."""
    distinct = tuple({key.lower(): (key, value) for key, value in before}.values())
    caller = session_with(distinct, tuple(key for key, _ in distinct[::2]))
    try:
        session, transitive = session_tags(tags, marks, caller)
    except ServiceError:
        return
    assert set(distinct[::2]) <= set(session)
    assert {key for key, _ in distinct[::2]} <= set(transitive)
    assert len({key.lower() for key, _ in session}) == len(session)
    assert set(transitive) <= {key for key, _ in session}


@pytest.mark.parametrize(
    ("entity", "session", "effective"),
    [
        ((), (), ()),
        ((("Team", "a"),), (), (("Team", "a"),)),
        ((), (("team", "b"),), (("team", "b"),)),
        ((("Team", "a"), ("stage", "x")), (("team", "b"),), (("stage", "x"), ("team", "b"))),
    ],
)
def test_session_tags_override_the_entitys(entity: Tags, session: Tags, effective: Tags) -> None:
    """One tag a key survives: the session's, in its spelling."""
    assert effective_tags(entity, session) == effective


# ── session policies and their size ──────────────────────────────────────────────────────────────────

ARN = "arn:aws:iam::123456789012:policy/p"


def test_ten_managed_session_policies_are_enough() -> None:
    """Ten ARNs pass, an eleventh is a validation error."""
    check_session_policies(None, [ARN] * 10)
    with pytest.raises(ValidationError, match=r"at 'policyArns' failed .* less than or equal to 10"):
        check_session_policies(None, [ARN] * 11)


def test_policies_share_2048_characters() -> None:
    """The inline policy and the ARNs count together; one character more is refused."""
    check_session_policies("x" * 2_048, [])
    check_session_policies("x" * (2_048 - len(ARN)), [ARN])
    for policy, arns in (("x" * 2_049, []), ("x" * (2_049 - len(ARN)), [ARN]), (None, ["x" * 2_049])):
        with pytest.raises(ValidationError, match=r"at 'policy' failed .* less than or equal to 2048"):
            check_session_policies(policy, arns)


def test_nothing_passed_has_no_packed_size() -> None:
    """A session without policies and tags has no PackedPolicySize at all."""
    assert packed_policy_size() is None


def test_the_least_packed_size_is_one() -> None:
    """However little is passed, it is one percent."""
    assert packed_policy_size(tags=(("a", ""),)) == 1
    assert packed_policy_size(policy="{}") == 1


def test_packed_size_is_the_measured_percentage() -> None:
    """The figure is what policies and tags really take in the token, rounded up."""
    tags = tuple((f"key-{number}", f"value {number * 7_919}") for number in range(20))
    size = len(pack(TABLE_POLICY, (ARN,), tags))
    percent = packed_policy_size(TABLE_POLICY, (ARN,), tags)
    assert percent is not None
    assert (percent - 1) * PACKED_BUDGET < size * 100 <= percent * PACKED_BUDGET
    assert 5 < percent < 50


def test_white_space_does_not_count() -> None:
    """An indented policy packs to the size of the bare one."""
    indented = json.dumps(json.loads(TABLE_POLICY), indent=8)
    assert packed_policy_size(indented) == packed_policy_size(TABLE_POLICY)


def noise(seed: int) -> str:
    """256 characters that do not compress much, always the same for a seed."""
    return "".join(f"{(seed * 32 + number) * 2_654_435_761 % 2**32:08x}" for number in range(1, 33))


def test_too_much_is_told_with_its_percentage() -> None:
    """Over the budget the text says how far, with other words for tags alone than where a policy is involved."""
    tags = tuple((f"key{number}", noise(number)) for number in range(50))
    with pytest.raises(
        PackedPolicyTooLarge, match=r"^Packed size of session tags consumes \d{3}% of allotted space\.$"
    ):
        packed_policy_size(tags=tags)
    for policy, arns in ((TABLE_POLICY, ()), (None, (ARN,))):
        with pytest.raises(
            PackedPolicyTooLarge,
            match=r"^Packed policy consumes \d{3}% of allotted space, please use smaller policy\. "
            r"The set of session tags takes most of it: \d{3}% alone\.$",
        ):
            packed_policy_size(policy, arns, tags)


def test_the_dearest_part_is_named() -> None:
    """Whichever part takes most is told; where there is only one, AWS's sentence says it all."""
    big = json.dumps({"Statement": [{"Sid": noise(n)} for n in range(20)]})
    for policy, tags, most in ((big, (("a", "b"),), " The inline session policy takes most"), (big, (), "")):
        with pytest.raises(PackedPolicyTooLarge) as refused:
            packed_policy_size(policy, (), tags)
        sentence, _, rest = refused.value.message.partition("please use smaller policy.")
        assert sentence.startswith("Packed policy consumes ")
        assert rest.startswith(most)
        assert bool(rest) == bool(most)


def test_any_policy_of_ordinary_words_fits() -> None:
    """A policy of 2,048 characters made of usual statements stays within the budget."""
    statements = [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": f"arn:aws:s3:::lake/{n * 104_729:x}/*",
        }
        for n in range(18)
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    assert 1_800 < len(policy) <= 2_048
    percent = packed_policy_size(policy)
    assert percent is not None
    assert percent < 40
