"""For tests of daypass and of what uses it: a daypass inside the process, the storage conformance suite."""
