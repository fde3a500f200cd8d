#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a library's symbols: `exports LIB.so` wants nothing but glissade:: exported; `silent LIB.a` wants no way to print, exit or
install a signal handler."""
import re
import subprocess
import sys

OURS = re.compile(r"^((typeinfo|typeinfo name|vtable|VTT|guard variable) for )?glissade::")
PRINTS_OR_EXITS = re.compile(
    r"^(std::(cout|cerr|clog|wcout|wcerr|exit|abort|quick_exit|signal)|stdout|stderr|puts|putchar|(__)?v?printf(_chk)?|perror|psignal"
    r"|exit|_exit|_Exit|quick_exit|abort|raise|kill|signal|sigaction|sigprocmask)(@.*)?$")


def symbols(library, *options):
    listing = subprocess.run(["nm", "-C", "--format=posix", *options, library], check=True, capture_output=True, text=True).stdout
    # Lines are "name kind [value size]"; demangled names hold blanks. Others name the members of an archive.
    return [match.group(1) for match in (re.match(r"^(.*\S) [A-Za-z](?: +[0-9a-f]*)*$", line) for line in listing.splitlines()) if match]


def function_name(symbol):
    """Template functions carry their return type in front: `void glissade::f<int>(int)`."""
    depth, start = 0, 0
    for i, c in enumerate(symbol):
        if c in "<([":
            if c == "(" and depth == 0:
                break
            depth += 1
        elif c in ">)]":
            depth -= 1
        elif c == " " and depth == 0 and not symbol[:i].endswith((" for", "typeinfo", "guard")):
            start = i + 1
    return symbol[start:]


def exported_by_accident(names):
    return [name for name in names if not OURS.match(name) and not OURS.match(function_name(name))]


def loud(names):
    return [name for name in names if PRINTS_OR_EXITS.match(name)]


def main(what, library):
    if what == "exports":
        names = symbols(library, "-D", "--defined-only")
        bad, fine = exported_by_accident(names), f"{len(names)} symbols exported, all of glissade"
        if not names:
            bad = ["nothing is exported"]
    else:
        names = symbols(library, "-u")
        bad, fine = loud(names), f"none of {len(names)} symbols that it needs prints, exits or handles signals"
    print("\n".join(bad) or fine)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
