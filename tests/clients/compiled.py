"""How the programs in Go, Java and Rust are made: by their own tools, from versions that a file pins.

Packages come from the languages' registries and stay in the caches of their tools; what is built goes to the user's
cache folder, so that the next run builds only what has changed. One compiler runs at a time: two cores are for others
too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.clients.client import HERE, Program, installed, run

BUILT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "daypass-clients"


def go_sdk() -> Program:
    """The program with the AWS SDK for Go v2."""
    return Program((go_program("go_sdk"),), _version("go_sdk/go.mod", r"aws-sdk-go-v2 v(\S+)"))


def java_sdk() -> Program:
    """The program with the AWS SDK for Java 2."""
    out = BUILT / "java_sdk"
    run(installed("mvn"), "--quiet", "--batch-mode", f"-Dout={out}", "process-classes", folder=HERE / "java_sdk")
    path = f"{out / 'classes'}:{out.joinpath('classpath').read_text()}"
    version = _version("java_sdk/pom.xml", r"<artifactId>sts</artifactId>\s*<version>(\S+)</version>")
    return Program((installed("java"), "-XX:TieredStopAtLevel=1", "-cp", path, "Client"), version)


def rust_sdk() -> Program:
    """The program with the AWS SDK for Rust."""
    build = ("build", "--quiet", "--locked", "--jobs", "1")
    run(installed("cargo"), *build, folder=HERE / "rust_sdk", CARGO_TARGET_DIR=str(BUILT / "rust"))
    return Program((str(BUILT / "rust/debug/rust_sdk"),), _version("rust_sdk/Cargo.toml", r'aws-sdk-sts = "=(\S+)"'))


SDKS: Mapping[str, Callable[[], Program]] = {
    "AWS SDK for Go v2": go_sdk,
    "AWS SDK for Java 2": java_sdk,
    "AWS SDK for Rust": rust_sdk,
}


def go_program(source: str, package: str = ".") -> str:
    """The program that ``source``'s module is, or that it pins as ``package``."""
    built = BUILT / source
    build = ("build", "-p", "1", "-trimpath", "-o", str(built), package)
    run(installed("go"), *build, folder=HERE / source, GOFLAGS="-mod=readonly")
    return str(built)


def _version(pinned: str, pattern: str) -> str:
    """What stands in the file that pins it."""
    found = re.search(pattern, HERE.joinpath(pinned).read_text())
    assert found, f"{pinned} pins no {pattern}"
    return found[1]
