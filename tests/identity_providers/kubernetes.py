"""A Kubernetes API server, unmodified, with a store: no nodes and no controllers, and yet an issuer of tokens."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.clients.client import installed
from tests.clients.compiled import go_program
from tests.identity_providers.started import HERE, Authority, free_port, started

ADMINISTRATOR = "only-here"
"""The bearer token of whoever may do everything in the cluster."""

_MODULE = HERE / "kube_apiserver_go"
VERSION = re.findall(r"k8s\.io/kubernetes v(\S+)", (_MODULE / "go.mod").read_text())[0]
KUBERNETES = f"Kubernetes {VERSION}"

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running API server. ``url`` is its issuer, too."""

    url: str
    authority: Authority

    def create(self, path: str, manifest: Manifest) -> Manifest:
        """Make an object, below ``path``; what became of it."""
        headers = {"Authorization": f"Bearer {ADMINISTRATOR}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/{path}", json.dumps(manifest).encode(), headers)
        with urllib.request.urlopen(request, context=self.authority.trust, timeout=60) as answer:
            made: Manifest = json.loads(answer.read())
        return made

    def service_account(self, namespace: str, name: str) -> None:
        """Make an account in a namespace of its own."""
        self.create("api/v1/namespaces", {"metadata": {"name": namespace}})
        self.create(f"api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})

    def pod(self, namespace: str, account: str, name: str) -> Manifest:
        """Make a pod that runs as ``account``, which no node ever takes; what tokens are bound to."""
        spec = {"serviceAccountName": account, "containers": [{"name": "app", "image": "app"}]}
        made = self.create(f"api/v1/namespaces/{namespace}/pods", {"metadata": {"name": name}, "spec": spec})
        return {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": made["metadata"]["uid"]}

    def token(self, namespace: str, name: str, audience: str, bound_to: Manifest | None = None) -> str:
        """A token for an hour, as a kubelet asks for one to put it into a pod's volume."""
        spec = {"audiences": [audience], "expirationSeconds": 3_600, "boundObjectRef": bound_to}
        path = f"api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        return str(self.create(path, {"spec": spec})["status"]["token"])

    def publish_issuer(self) -> None:
        """Let everybody read the issuer's documents, as the how-to has it."""
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole"}
        group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated"}
        self.create(
            "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            {
                "metadata": {"name": "issuer-is-public"},
                "roleRef": {**role, "name": "system:service-account-issuer-discovery"},
                "subjects": [group],
            },
        )


@contextmanager
def kubernetes(folder: Path, authority: Authority) -> Iterator[Cluster]:
    """An API server with a key of its own; all that it keeps, and its logs, are in ``folder``."""
    program, port, files = go_program(_MODULE, "k8s.io/kubernetes/cmd/kube-apiserver"), free_port(), authority.files
    private, public, tokens = _signing_key(folder), folder / "sa.pub", folder / "tokens.csv"
    tokens.write_text(f"{ADMINISTRATOR},admin,admin,system:masters\n")
    url = f"https://127.0.0.1:{port}"
    with _etcd(folder) as store:
        command = (
            program, f"--etcd-servers={store}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
            f"--secure-port={port}", f"--cert-dir={folder / 'unused'}", f"--tls-cert-file={files.certificate}",
            f"--tls-private-key-file={files.key}", f"--service-account-issuer={url}",
            f"--service-account-key-file={public}", f"--service-account-signing-key-file={private}",
            f"--api-audiences={url}", f"--token-auth-file={tokens}", "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/24", "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
        )  # fmt: skip
        with started(command, f"{url}/readyz", folder=folder, seconds=120):
            yield Cluster(url, authority)


@contextmanager
def _etcd(folder: Path) -> Iterator[str]:
    """Where its store answers."""
    store, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command = (
        installed("etcd"), f"--data-dir={folder / 'etcd'}", f"--listen-client-urls={store}",
        f"--advertise-client-urls={store}", f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
    )  # fmt: skip
    with started(command, f"{store}/health", folder=folder):
        yield store


def _signing_key(folder: Path) -> Path:
    """A key for tokens; its public half is in ``sa.pub``."""
    key = rsa.generate_private_key(65_537, 2_048)
    private = folder / "sa.key"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    folder.joinpath("sa.pub").write_bytes(public)
    return private
