"""Other people's policy engines, each told the same: who is of one of these projects may read the objects of bucket b.

An engine decides (project, action, bucket). What can be prepared once is: parsed policies, entities, the model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

Decide = Callable[[str, str, str], bool]


def cedar(projects: Sequence[str]) -> Decide:
    """Cedar through ``cedarpy``: policies and entities parsed beforehand, the request handed over as a dict."""
    from cedarpy import Entities, PolicySet, is_authorized  # noqa: PLC0415 - may not be installed

    rule = (
        'permit(principal, action == Action::"s3:GetObject", resource in Bucket::"b") when {{ context.project == {} }};'
    )
    policies = PolicySet.from_str("\n".join(rule.format(json.dumps(project)) for project in projects))
    buckets = [{"uid": {"type": "Bucket", "id": name}, "attrs": {}, "parents": []} for name in "bc"]
    objects = [
        {"uid": {"type": "Object", "id": f"{name}/k"}, "attrs": {}, "parents": [{"type": "Bucket", "id": name}]}
        for name in "bc"
    ]
    entities = Entities.from_json_str(json.dumps([*buckets, *objects]))

    def decide(project: str, action: str, bucket: str) -> bool:
        asked = {
            "principal": {"type": "User", "id": "reader"},
            "action": {"type": "Action", "id": action},
            "resource": {"type": "Object", "id": f"{bucket}/k"},
            "context": {"project": project},
        }
        return bool(is_authorized(asked, policies, entities).allowed)

    return decide


_MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = project, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && keyMatch(r.obj, p.obj) && r.sub.project == p.project
"""


class _Subject:
    def __init__(self, project: str) -> None:
        self.project = project


def casbin(projects: Sequence[str]) -> Decide:
    """Casbin with attributes of the subject: one policy line a statement."""
    from casbin import Enforcer, Model  # noqa: PLC0415 - may not be installed

    model = Model()
    model.load_model_from_text(_MODEL)
    enforcer = Enforcer(model)
    for project in projects:
        enforcer.add_policy(project, "arn:aws:s3:::b/*", "s3:GetObject")

    def decide(project: str, action: str, bucket: str) -> bool:
        return bool(enforcer.enforce(_Subject(project), f"arn:aws:s3:::{bucket}/k", action))

    return decide


ENGINES: dict[str, Callable[[Sequence[str]], Decide]] = {"cedarpy": cedar, "casbin": casbin}
