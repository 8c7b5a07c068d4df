# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs many command lines under the preload: JSON in, JSON out.

A process of its own, so that rights are dropped once and programs start without a fork of the tests' interpreter.
"""

import concurrent.futures
import json
import os
import pathlib
import queue
import struct
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "fake"))

import preload


def command_line_in(segments):
    """What boot_params points to (Documentation/arch/x86/boot.rst), or nothing where there are none."""
    for _, content in segments:
        if content[0x202:0x206] == b"HdrS":
            at = struct.unpack_from("<I", content, 0x228)[0]
            for begin, text in segments:
                if begin <= at < begin + len(text):
                    return text[at - begin:].split(b"\0")[0].decode(errors="replace")
    return None


def run_one(job, folder):
    for old in folder.glob("segment-*"):
        old.unlink()
    run = preload.run(job["library"], folder / "log", job["command"],
                      job["environment"] | {"FAKE_DUMP": str(folder)}, drop=None)
    for call in run.calls:
        if call["call"] == "kexec_load":
            call["command_line"] = command_line_in(
                [(part["mem"], (folder / f"segment-{number}").read_bytes())
                 for number, part in enumerate(call["segments"])])
    return {"code": run.code, "stderr": run.stderr, "calls": run.calls}


def main():
    jobs = json.load(sys.stdin)
    preload.drop_rights()
    with tempfile.TemporaryDirectory() as root:
        folders = queue.SimpleQueue()
        workers = os.cpu_count() or 1
        for number in range(workers):
            folder = pathlib.Path(root) / str(number)
            folder.mkdir()
            folders.put(folder)

        def run(job):
            folder = folders.get()
            try:
                return run_one(job, folder)
            finally:
                folders.put(folder)

        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            json.dump(list(pool.map(run, jobs)), sys.stdout)


if __name__ == "__main__":
    main()
