"""The command line: one module per command, imported only when that command is asked for.

Every command that speaks of one daypass takes ``--data DIR``, before or after its own arguments. What a script reads is
on stdout, everything else on stderr. Exit codes:

    0    done; the answer is yes
    1    the answer is no: not up, a finding, a break in the audit trail, the operation was refused
    2    the command line or a setting is not understood
    3    it cannot be done: data directory, lock, port, database or audit trail
    130  interrupted
"""
