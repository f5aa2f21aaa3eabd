"""The entry point ``daypass``: finds the command, runs it, and turns what went wrong into words and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from daypass.cli.lazy import LazyGroup
from daypass.cli.options import data_option

COMMANDS = {
    "up": "run a daypass",
    "env": "print what a shell needs to talk to it",
    "login": "sign in at an identity provider and get a role's credentials",
    "status": "say whether it is up, and how it is",
    "tls": "make a certificate for https on development machines",
    "doctor": "look for what is wrong and say what to do",
    "config": "show the settings in force and where each comes from",
    "account": "make and list accounts, and their organization",
    "sessions": "show who holds which sessions, and what descends from what",
    "revoke": "end sessions now, with all that descend from them",
    "revocations": "show and take back what was revoked",
    "key": "make, list and delete access keys of a user",
    "keyring": "show and rotate the keys that seal session tokens",
    "delegation": "fetch the token of a delegation request that was sent",
    "federation": "trust identity providers, and see why they are believed or not",
    "issuer": "show and rotate the keys that sign web identity tokens",
    "policy": "check policies before they are attached, test what they decide",
    "region": "show and choose the regions in which an account issues credentials",
    "root": "make and remove root credentials of an account, and its second factors",
    "audit": "verify and read the audit trail",
    "version": "print the version",
}
"""Every command with its one-line help. Each is a module of this package."""


@click.group(
    cls=LazyGroup,
    package="daypass.cli",
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog='\b\nExample:\n  daypass up\n  eval "$(daypass env)" && aws sts get-caller-identity\n\n'
    "Exit codes: 0 done, 1 the answer is no, 2 not understood, 3 cannot be done.",
)
@click.version_option(package_name="daypass", message="daypass %(version)s")
@data_option
def cli() -> None:
    """Issue, verify and decide: a security token service that every AWS client already speaks."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors are told on stderr."""
    try:
        code: Any = cli.main(arguments, prog_name="daypass", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except Exception as error:
        from daypass.cli.problems import explain

        problem = explain(error)
        if problem is None:
            raise
        click.echo(problem.text, err=True)
        return problem.code
    return code if isinstance(code, int) else 0


def main() -> None:
    """Run the command line of this process and exit with its code."""
    sys.exit(run())
