"""`python -m bench [GROUP ...] [--full]`: measure, print a line of JSON each, then a table."""

import argparse
import importlib
import sys
import time

from bench.report import Line, NotRun, emit, table

GROUPS = ("up", "page", "register", "feed", "send")


def main() -> int:
    """Run the groups asked for. 0 even when a target is missed: the lines say so."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], metavar="GROUP")
    parser.add_argument("--full", action="store_true", help="the sizes of the targets; slow")
    asked = parser.parse_args()
    lines: list[Line] = []
    for name in asked.groups or GROUPS:
        began = time.monotonic()
        try:
            for line in importlib.import_module(f"bench.groups.{name}").run(asked.full):
                lines.append(line)
                emit(line)
        except Exception as error:
            line = NotRun(name, f"{type(error).__name__}: {error}"[:300])
            lines.append(line)
            emit(line)
        print(f"# {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print("\n" + table(lines))
    missed = [line.name for line in lines if not isinstance(line, NotRun) and line.ok is False]
    if missed:
        print(f"\nMissed: {', '.join(missed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
