#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Adds up test results.

    tally.py FOLDER [FAILED-SUITE]...       sum of the JUnit files in FOLDER; last line "N passed, N failed, N skipped"
    tally.py --from-automake BUILD FILE     writes a JUnit file from the .trs files of a build folder
    tally.py --passed NAME FILE             writes a JUnit file with one passed test
    tally.py --failed NAME WHY FILE         writes a JUnit file with one failed test

A suite named as failed whose file tells of no failure (it broke before it could) counts as one failure.
Exit code 1 if anything failed or nothing ran.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


def write(path, cases):
    """cases: (name, outcome, text); the outcome is "passed", "failure" or "skipped", the text says why."""
    suite = ElementTree.Element("testsuite")
    for name, outcome, text in cases:
        case = ElementTree.SubElement(suite, "testcase", name=name)
        if outcome != "passed":
            ElementTree.SubElement(case, outcome, message=text)
    ElementTree.ElementTree(suite).write(path)


def last_line(log):
    """The last line with anything on it but automake's own verdict."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    said = [line.strip() for line in lines if line.strip() and not re.match(r"(SKIP|FAIL|PASS|ERROR)\b.*status", line)]
    return said[-1] if said else "no reason given"


def automake_cases(build):
    outcomes = {"PASS": "passed", "XFAIL": "passed", "SKIP": "skipped"}
    for trs in sorted(build.rglob("*.trs")):
        for result in re.findall(r"^:test-result: (\w+)", trs.read_text(), re.M):
            outcome = outcomes.get(result, "failure")
            yield (str(trs.relative_to(build).with_suffix("")), outcome,
                   "" if outcome == "passed" else f"{result}: {last_line(trs.with_suffix('.log'))}")


def count(folder, failed_suites):
    passed = failed = skipped = 0
    told = set()
    for path in sorted(folder.glob("*.xml")):
        for case in ElementTree.parse(path).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                told.add(path.stem)
                why = next((found.get("message") or "" for found in case if found.tag in ("failure", "error")), "")
                name = f"{case.get('classname') or ''} {case.get('name')}"
                print(f"FAILED {path.stem}: {name}: {why.partition(chr(10))[0]}")
            elif (skip := case.find("skipped")) is not None:
                skipped += 1
                print(f"skipped {path.stem}: {case.get('name')}: {skip.get('message')}")
            else:
                passed += 1
    for suite in failed_suites:
        if not any(name == suite or name.startswith(f"{suite}-") for name in told):
            failed += 1
            print(f"FAILED {suite}: see {folder}/{suite}.log or above")
    return passed, failed, skipped


def main(arguments):
    if arguments[0] == "--from-automake":
        write(arguments[2], automake_cases(pathlib.Path(arguments[1])))
        return 0
    if arguments[0] == "--passed":
        write(arguments[2], [(arguments[1], "passed", "")])
        return 0
    if arguments[0] == "--failed":
        write(arguments[3], [(arguments[1], "failure", arguments[2])])
        return 0
    passed, failed, skipped = count(pathlib.Path(arguments[0]), arguments[1:])
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
