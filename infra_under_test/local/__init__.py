"""The stack on one machine: supervisor, emulators and edge around the processes of `infra_under_test.app`."""
