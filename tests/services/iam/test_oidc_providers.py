"""OpenID Connect providers through boto3: URLs, repetition, quotas, texts, tags, and who may do what to which."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass.testing.local import LocalDaypass, Signer

GOOD_URLS = [
    "https://token.actions.githubusercontent.com", "https://oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123456789",
    "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0", "https://accounts.google.com",
    "https://issuer.example:8443", "https://issuer.example:8443/realms/one", "https://issuer.example/", "https://10.0.0.1",
    "https://localhost:8443", "https://keycloak/realms/one", "https://Issuer.Example/Path", "https://a.b/c:d",
    "https://a.b/~x/@y",
]  # fmt: skip
BAD_URLS = [
    "http://issuer.example", "issuer.example", "HTTPS://issuer.example", "https://", "https:///", "https://issuer.example?a=b",
    "https://issuer.example/?a=b", "https://issuer.example#a", "https://issuer.example/#a", "https://user@issuer.example",
    "https://user:word@issuer.example", "https://issuer.example:", "https://issuer.example:0", "https://issuer.example:65536",
    "https://issuer.example:0443", "https://issuer.example:x", "https://issuer..example", "https://.issuer.example",
    "https://issuer.example.", "https://-issuer.example", "https://issuer_x.example", "https://issuer.example//a",
    "https://issuer.example/a b", "https://issuer.example/a\\b", "https://issuer.example/\u00e4", "https://iss\u00fcer.example",
    "https://[::1]", "https://[::1]:443/a", "https://issuer.example/*", "https://*.example", "https://issuer.example/${x}",
    "https://issuer.example/a\n", " https://issuer.example", "https://issuer.example ", "file:///etc/passwd", "data:,x",
    "https://issuer\u3002example", "https://issuer.example/<a>", 'https://issuer.example/"a"',
]  # fmt: skip
NAMESPACES = [
    "aws", "saml", "sts", "iam", "s3", "ec2", "graph", "accounts", "lambda", "kms", "daypass", "cognito-identity",
    "AWS",
]  # fmt: skip


@pytest.fixture
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


@pytest.fixture
def iam(daypass: LocalDaypass) -> Any:
    return daypass.client("iam")


def refusal(call: Any, **params: Any) -> tuple[str, str]:
    """Code and message of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        call(**params)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_what_can_be_an_issuer_is_taken_as_written(daypass: LocalDaypass, iam: Any) -> None:
    """Case, port, path and a slash at the end stay; the ARN is the URL without its scheme."""
    for url in GOOD_URLS:
        arn = iam.create_open_id_connect_provider(Url=url)["OpenIDConnectProviderArn"]
        assert arn == f"arn:aws:iam::{daypass.account}:oidc-provider/{url.removeprefix('https://')}"
        assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["Url"] == url.removeprefix("https://")
    listed = [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    assert len(listed) == len(GOOD_URLS)
    assert listed == sorted(listed)


def test_what_can_be_none_is_refused_in_one_form_of_words(iam: Any) -> None:
    """Another scheme, queries, user names, odd hosts and ports."""
    for url in BAD_URLS:
        told = refusal(iam.create_open_id_connect_provider, Url=url)
        assert told == ("ValidationError", "Invalid Open ID Connect Provider URL"), url
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_no_issuer_can_be_called_like_a_namespace_of_condition_keys(iam: Any) -> None:
    """`https://aws` would own the keys `aws:…`; with a port or a path it owns others."""
    for name in NAMESPACES:
        for url in (f"https://{name}", f"https://{name}/"):
            told = refusal(iam.create_open_id_connect_provider, Url=url)
            assert told == ("ValidationError", "Invalid Open ID Connect Provider URL"), url
        iam.create_open_id_connect_provider(Url=f"https://{name}/realm")


def test_a_provider_is_there_once(iam: Any) -> None:
    """The same URL again is refused; one that differs in a slash or in case is another."""
    iam.create_open_id_connect_provider(Url="https://issuer.example/a")
    told = refusal(iam.create_open_id_connect_provider, Url="https://issuer.example/a")
    assert told == ("EntityAlreadyExists", "Provider with url https://issuer.example/a already exists.")
    iam.create_open_id_connect_provider(Url="https://issuer.example/a/")
    iam.create_open_id_connect_provider(Url="https://issuer.example/A")


def test_clients_come_and_go_by_themselves(iam: Any) -> None:
    """Adding one that is there, or removing one that is not, changes nothing and is no mistake."""
    made = iam.create_open_id_connect_provider(Url="https://issuer.example", ClientIDList=["a", "b", "a"])
    arn = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}

    def clients() -> list[str]:
        return list(iam.get_open_id_connect_provider(**arn)["ClientIDList"])

    assert clients() == ["a", "b"]
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(**arn, ClientID="c")
        assert clients() == ["a", "b", "c"]
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(**arn, ClientID="b")
        assert clients() == ["a", "c"]
    for at in range(98):
        iam.add_client_id_to_open_id_connect_provider(**arn, ClientID=f"client-{at}")
    told = refusal(iam.add_client_id_to_open_id_connect_provider, **arn, ClientID="one-more")
    assert told == ("LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")


def test_thumbprints_are_replaced_as_a_whole(iam: Any) -> None:
    """Five at most, in lower case, each once, of forty digits."""
    made = iam.create_open_id_connect_provider(Url="https://issuer.example", ThumbprintList=["A" * 40])
    arn = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
    assert iam.get_open_id_connect_provider(**arn)["ThumbprintList"] == ["a" * 40]
    five = [f"{at}" * 40 for at in range(5)]
    iam.update_open_id_connect_provider_thumbprint(**arn, ThumbprintList=five)
    assert iam.get_open_id_connect_provider(**arn)["ThumbprintList"] == five
    told = refusal(iam.update_open_id_connect_provider_thumbprint, **arn, ThumbprintList=[*five, "f" * 40])
    assert told == ("InvalidInput", "Thumbprint list must contain fewer than 5 entries.")
    for bad in ("g" * 40, "a" * 39 + " ", "\u0661" * 40):
        assert refusal(iam.update_open_id_connect_provider_thumbprint, **arn, ThumbprintList=[bad])[0] == "InvalidInput"
    iam.update_open_id_connect_provider_thumbprint(**arn, ThumbprintList=[])
    assert iam.get_open_id_connect_provider(**arn)["ThumbprintList"] == []


def test_an_account_has_a_hundred_providers(iam: Any) -> None:
    """The next one is beyond the quota."""
    for at in range(100):
        iam.create_open_id_connect_provider(Url=f"https://issuer-{at}.example")
    told = refusal(iam.create_open_id_connect_provider, Url="https://one-more.example")
    assert told == ("LimitExceeded", "Cannot exceed quota for OpenIDConnectProvidersPerAccount: 100")


def test_a_deleted_provider_is_gone(daypass: LocalDaypass, iam: Any) -> None:
    """A second deletion says so, as AWS does, and every other operation too."""
    made = iam.create_open_id_connect_provider(Url="https://issuer.example")
    arn = made["OpenIDConnectProviderArn"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    told = refusal(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn)
    assert told == ("NoSuchEntity", f"OpenId connect Provider {arn} cannot be found.")
    gone = ("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")
    named: list[tuple[str, dict[str, Any]]] = [
        ("get_open_id_connect_provider", {}),
        ("add_client_id_to_open_id_connect_provider", {"ClientID": "a"}),
        ("remove_client_id_from_open_id_connect_provider", {"ClientID": "a"}),
        ("update_open_id_connect_provider_thumbprint", {"ThumbprintList": []}),
        ("tag_open_id_connect_provider", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_open_id_connect_provider", {"TagKeys": ["a"]}),
        ("list_open_id_connect_provider_tags", {}),
    ]
    for name, more in named:
        assert refusal(getattr(iam, name), OpenIDConnectProviderArn=arn, **more) == gone, name
    other = daypass.client("iam", daypass.account_named("other")[1])
    assert refusal(other.get_open_id_connect_provider, OpenIDConnectProviderArn=arn) == gone


def test_tags_are_kept_exactly(iam: Any) -> None:
    """Keys that differ in case are two; the same key again replaces its value."""
    made = iam.create_open_id_connect_provider(Url="https://issuer.example", Tags=[{"Key": "Team", "Value": "a"}])
    assert made["Tags"] == [{"Key": "Team", "Value": "a"}]
    arn = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
    iam.tag_open_id_connect_provider(**arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "Team", "Value": "c"}])
    tags = {tag["Key"]: tag["Value"] for tag in iam.list_open_id_connect_provider_tags(**arn)["Tags"]}
    assert tags == {"Team": "c", "team": "b"}
    iam.untag_open_id_connect_provider(**arn, TagKeys=["Team", "none"])
    assert iam.get_open_id_connect_provider(**arn)["Tags"] == [{"Key": "team", "Value": "b"}]


def test_policies_tell_providers_apart(daypass: LocalDaypass, iam: Any) -> None:
    """By ARN, by their tags, and by the tags that a request brings."""
    blue = [{"Key": "team", "Value": "blue"}]
    ours = iam.create_open_id_connect_provider(Url="https://ours.example/a", Tags=blue)["OpenIDConnectProviderArn"]
    theirs = iam.create_open_id_connect_provider(Url="https://theirs.example")["OpenIDConnectProviderArn"]
    iam.create_user(UserName="ann")
    start = f"arn:aws:iam::{daypass.account}:oidc-provider/"
    statements = [
        {"Effect": "Allow", "Action": "iam:GetOpenIDConnectProvider", "Resource": f"{start}ours.example/*"},
        {
            "Effect": "Allow",
            "Action": "iam:UpdateOpenIDConnectProviderThumbprint",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}},
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider"],
            "Resource": f"{start}*",
            "Condition": {"StringEquals": {"aws:RequestTag/team": "blue"}},
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=policy)
    ann = daypass.client("iam", Signer.of(iam.create_access_key(UserName="ann")["AccessKey"]))
    assert ann.get_open_id_connect_provider(OpenIDConnectProviderArn=ours)["Url"] == "ours.example/a"
    ann.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=ours, ThumbprintList=[])
    ann.create_open_id_connect_provider(Url="https://third.example", Tags=blue)
    denied: list[tuple[Any, dict[str, Any]]] = [
        (ann.get_open_id_connect_provider, {"OpenIDConnectProviderArn": theirs}),
        (ann.update_open_id_connect_provider_thumbprint, {"OpenIDConnectProviderArn": theirs, "ThumbprintList": []}),
        (ann.create_open_id_connect_provider, {"Url": "https://fourth.example"}),
        (ann.create_open_id_connect_provider, {"Url": "https://f.example", "Tags": [{"Key": "team", "Value": "red"}]}),
        (ann.tag_open_id_connect_provider, {"OpenIDConnectProviderArn": ours, "Tags": [{"Key": "team", "Value": "r"}]}),
        (ann.delete_open_id_connect_provider, {"OpenIDConnectProviderArn": ours}),
        (ann.list_open_id_connect_providers, {}),
    ]
    for call, params in denied:
        assert refusal(call, **params)[0] == "AccessDenied"
