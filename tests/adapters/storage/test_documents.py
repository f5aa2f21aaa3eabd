"""Stored entities outlive the code that wrote them."""

from __future__ import annotations

import pytest

from daypass.adapters.storage.documents import decode, encode, name_key
from daypass.entities import KINDS, Account, Entity, Role, User
from daypass.ports import StoreUnavailable
from daypass.testing.backend import EVERYTHING

# Written by the first release. They never change: a line that does not decode any more is lost data.
FIRST_RELEASE = {
    "account": b'{"id":"111122223333","name":"main","created":1700000000,"alias":null}',
    "user": b'{"id":"AIDAA","name":"ada","path":"/x/","created":1700000000,"tags":[["k","v"]],"boundary":"arn:b",'
    b'"attached":["arn:p"],"inline":[{"name":"in","document":"{}"}]}',
    "group": b'{"id":"AGPAA","name":"g","path":"/x/","created":1700000000,"attached":["arn:p"],'
    b'"inline":[{"name":"in","document":"{}"}]}',
    "role": b'{"id":"AROAA","name":"r","path":"/","created":1700000000,"trust":"{}","trust_ids":[["arn:u","AIDAA"]],'
    b'"description":"d","max_session_duration":7200,"tags":[],"boundary":null,"attached":[],"inline":[]}',
    "access-key": b'{"id":"AKIAA","user_id":"AIDAA","created":1700000000,"sealed_secret":"AP8=","status":"Inactive"}',
    "policy": b'{"id":"ANPAA","name":"p","path":"/t/","created":1,"updated":2,'
    b'"versions":[{"id":"v2","document":"{}","created":2}],"default_version":"v2","next_version":3,'
    b'"description":null,"tags":[]}',
    "organization": b'{"id":"o-a","root":"r-a","created":1,'
    b'"units":[{"id":"ou-a-b","name":"n","parent":"r-a","created":2}],'
    b'"placements":[["111122223333","ou-a-b"]],"scps":[["r-a",["p-a"]]],"rcps":[],"types":["scp","rcp"]}',
    "control-policy": b'{"id":"p-a","type":"scp","name":"n","document":"{}","created":1,"updated":2,"description":"d"}',
    "revocation": b'{"id":"rv-a","created":1,"until":2,"issued_before":3,"access_key":"ASIAA","principal":"AROAA:s",'
    b'"provider":"arn:p","only":true,"shown":"x"}',
    "mfa": b'{"id":"ab12","name":"n","path":"/x/","created":1,"sealed_seed":"AP8=","tags":[["k","v"]],'
    b'"user_id":"AIDAA","enabled":2,"drift":-1}',
    "token-issuer": b'{"id":"ti-1","created":1700000000,"enabled":true,"keys":[{"id":"k-1","algorithm":"ES384","state'
    b'":"retired","sealed":"AP8=","public":"AQ==","created":1700000000,"active_from":1700000001,"not_'
    b'after":1700000002}],"next_key":2}',
    "delegation-request": b'{"id":"dr-1","created":1700000000,"owner_account":"","description":"why",'
    b'"workflow":"flow","channel":"channel","duration":3600,"template":"arn:t","parameters":[["n","string",["v"]]],"policy"'
    b':"{}","message":"m","redirect":null,"only_send_by_owner":false}',
    "delegation": b'{"id":"dr-1","owner":"arn:o","state":"ACCEPTED","updated":1700000001,"notes":"n","reason":'
    b'null,"approver":{"arn":"arn:a","principal_id":"AIDAada","principal":"user/ada","tags":[["k'
    b'","v"]],"transitive":["k"],"source_identity":"s","lineage":["ASIAA"],"ancestors":[["AIDAad'
    b'a",1700000000]],"federation":[]},"sent":1700000002}',
    "oidc-provider": b'{"id":"ab12","url":"i.example/x","created":1,"client_ids":["c"],"thumbprints":["00"],'
    b'"tags":[["k","v"]],"authorities":"pem","allow_private":true,"claims":["groups"]}',
    "saml-provider": b'{"id":"SAMLSPA","name":"n","created":1,"metadata":"AP8=","issuers":[{"entity_id":"e",'
    b'"certificates":["AQ=="]}],"valid_until":2,"encryption":"Required","keys":[{"id":"K","sealed":"AP8=","created":3,"certificate":"Ag=="}],'
    b'"tags":[["k","v"]],"is_lax":true}',
}


@pytest.mark.parametrize("kind", KINDS)
def test_documents_of_the_first_release_are_read_and_written_byte_for_byte(kind: str) -> None:
    """What the first release stored is read; its fields keep their names, order and form."""
    document = FIRST_RELEASE[kind]
    entity = decode(kind, document)
    assert isinstance(entity, KINDS[kind])
    assert encode(entity)[: len(document) - 1] == document[:-1]


@pytest.mark.parametrize("entity", EVERYTHING, ids=lambda entity: entity.kind)
def test_every_kind_comes_back_as_it_was(entity: Entity) -> None:
    """Decoding what was encoded gives an equal value."""
    assert decode(entity.kind, encode(entity)) == entity


def test_a_document_without_appended_fields_takes_their_defaults() -> None:
    """Fields that a document lacks have their defaults, fields that are gone are passed over."""
    assert decode("user", b'{"id":"A","name":"n","path":"/","created":1,"gone":[1]}') == User("A", "n", "/", 1)


@pytest.mark.parametrize(
    ("kind", "document"), [("later", b"{}"), ("user", b"{}"), ("user", b'{"id":1}'), ("user", b"\xff"), ("role", b"")]
)
def test_what_cannot_be_read_is_never_passed_over(kind: str, document: bytes) -> None:
    """An unknown kind or a broken document makes the account unavailable, not smaller."""
    with pytest.raises(StoreUnavailable, match=kind):
        decode(kind, document)


def test_names_are_compared_without_case() -> None:
    """Users and roles are unique by folded name, accounts and access keys have no name of that kind."""
    assert name_key(User("A", "Ada@Example", "/", 1)) == name_key(Role("B", "aDA@example", "/p/", 1, "{}"))
    assert name_key(Account("1" * 12, "Main", 1)) is None
    assert name_key(EVERYTHING[-1]) is None


def test_an_account_of_the_first_release_has_changed_none_of_its_regions() -> None:
    """It was stored before it could choose: active is what is so by default, and the global endpoint as it was."""
    account = decode("account", FIRST_RELEASE["account"])
    assert isinstance(account, Account)
    assert (account.deactivated, account.opted_in, account.global_token_version) == ((), (), 1)


def test_the_stored_form_of_an_accounts_regions_stays() -> None:
    """As the release that brought them wrote them."""
    stored = (
        b'{"id":"111122223333","name":"main","created":1,"alias":null,"deactivated":["eu-west-3"],'
        b'"opted_in":["af-south-1"],"global_token_version":2}'
    )
    assert encode(decode("account", stored)) == stored
    assert decode("account", stored) == Account("111122223333", "main", 1, None, ("eu-west-3",), ("af-south-1",), 2)
