# SPDX-License-Identifier: GPL-2.0-or-later
"""How large programs are: stripped file, text and data, shared libraries."""

import pathlib
import subprocess
import tempfile


def sizes(program):
    """In bytes. Shared libraries are all that the loader would map besides the program, itself included."""
    with tempfile.TemporaryDirectory() as folder:
        stripped = pathlib.Path(folder) / "stripped"
        subprocess.run(["strip", "-o", stripped, program], check=True)
        file_size = stripped.stat().st_size
        columns = subprocess.run(["size", stripped], check=True, capture_output=True, text=True).stdout.splitlines()[1]
    text, data, bss = map(int, columns.split()[:3])
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    libraries = sum(1 for line in listed.splitlines() if ".so" in line and "linux-vdso" not in line)
    return {"stripped": file_size, "text": text, "data": data, "bss": bss, "libraries": libraries}
