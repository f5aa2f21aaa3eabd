"""How the programs in Go, Java and Rust are made: by their own tools, from versions that a file pins.

Packages come from the languages' registries and stay in the caches of their tools; what is built goes to the user's
cache folder, so that the next run builds only what has changed. One compiler runs at a time: two cores are for others
too.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.clients.client import HERE, Program, run

BUILT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "daypass-clients"


def go_sdk() -> Program:
    """The program with the AWS SDK for Go v2."""
    return Program((go_program("go_sdk"),), pinned("go_sdk/go.mod", r"aws-sdk-go-v2 v(\S+)"))


def java_sdk() -> Program:
    """The program with the AWS SDK for Java 2."""
    out = BUILT / "java_sdk"
    run(_toolchain("mvn"), "--quiet", "--batch-mode", f"-Dout={out}", "process-classes", folder=HERE / "java_sdk")
    path = f"{out / 'classes'}:{out.joinpath('classpath').read_text()}"
    version = pinned("java_sdk/pom.xml", r"<artifactId>sts</artifactId>\s*<version>(\S+)</version>")
    return Program((_toolchain("java"), "-XX:TieredStopAtLevel=1", "-cp", path, "Client"), version)


def rust_sdk() -> Program:
    """The program with the AWS SDK for Rust."""
    build = ("build", "--quiet", "--locked", "--jobs", "1")
    run(_toolchain("cargo"), *build, folder=HERE / "rust_sdk", CARGO_TARGET_DIR=str(BUILT / "rust"))
    return Program((str(BUILT / "rust/debug/rust_sdk"),), pinned("rust_sdk/Cargo.toml", r'aws-sdk-sts = "=(\S+)"'))


SDKS: Mapping[str, Callable[[], Program]] = {
    "AWS SDK for Go v2": go_sdk,
    "AWS SDK for Java 2": java_sdk,
    "AWS SDK for Rust": rust_sdk,
}


def go_program(source: str | Path, package: str = ".") -> str:
    """The program that ``source``'s module is, or that it pins as ``package``."""
    built = BUILT / Path(source).name
    build = ("build", "-p", "1", "-trimpath", "-o", str(built), package)
    run(_toolchain("go"), *build, folder=HERE / source, seconds=1_700, GOFLAGS="-mod=readonly")
    return str(built)


def pinned(file: str, pattern: str) -> str:
    """The version that ``pattern`` finds in the ``file`` that pins it."""
    found = re.search(pattern, HERE.joinpath(file).read_text())
    assert found, f"{file} pins no {pattern}"
    return found[1]


def _toolchain(program: str) -> str:
    """Where ``program`` is. Without it nothing can be said of the client: its last result stays what it was."""
    found = shutil.which(program)
    if not found:
        pytest.skip(f"not run: building it needs {program}, which is not on the PATH")
    return found
