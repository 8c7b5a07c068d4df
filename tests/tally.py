#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Adds up test results.

    tally.py FOLDER [FAILED-SUITE]...       sum of the JUnit files in FOLDER; last line "N passed, N failed, N skipped"
    tally.py --from-automake BUILD FILE     writes a JUnit file from the .trs files of a build folder
    tally.py --passed NAME FILE             writes a JUnit file with one passed test

A suite named as failed whose file tells of no failure (it broke before it could) counts as one failure.
Exit code 1 if anything failed or nothing ran.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


def write(path, cases):
    """cases: (name, failure text or None)."""
    suite = ElementTree.Element("testsuite")
    for name, failure in cases:
        case = ElementTree.SubElement(suite, "testcase", name=name)
        if failure is not None:
            ElementTree.SubElement(case, "failure").text = failure
    ElementTree.ElementTree(suite).write(path)


def automake_cases(build):
    for trs in sorted(build.rglob("*.trs")):
        for result in re.findall(r"^:test-result: (\w+)", trs.read_text(), re.M):
            yield str(trs.relative_to(build).with_suffix("")), None if result == "PASS" else result


def count(folder, failed_suites):
    passed = failed = skipped = 0
    told = set()
    for path in sorted(folder.glob("*.xml")):
        for case in ElementTree.parse(path).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                told.add(path.stem)
                print(f"FAILED {path.stem}: {case.get('classname') or ''} {case.get('name')}")
            elif (skip := case.find("skipped")) is not None:
                skipped += 1
                print(f"skipped {path.stem}: {case.get('name')}: {skip.get('message')}")
            else:
                passed += 1
    for suite in failed_suites:
        if suite not in told:
            failed += 1
            print(f"FAILED {suite}: see {folder}/{suite}.log or above")
    return passed, failed, skipped


def main(arguments):
    if arguments[0] == "--from-automake":
        write(arguments[2], automake_cases(pathlib.Path(arguments[1])))
        return 0
    if arguments[0] == "--passed":
        write(arguments[2], [(arguments[1], None)])
        return 0
    passed, failed, skipped = count(pathlib.Path(arguments[0]), arguments[1:])
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
