# SPDX-License-Identifier: GPL-2.0-or-later
"""What a crash kernel is told by this kexec and by Debian's, for the same machine: no call reaches the kernel."""

import pathlib
import shutil
import struct
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "bench"), str(HERE.parent / "vm")]

import apt_sources
import debian_kexec
import preload
import private_apt

MACHINES = HERE.parent / "fixtures/machines"
PT_LOAD, PT_NOTE = 1, 4
RAM, PERSISTENT = 1, 7


@pytest.fixture(scope="session")
def debian(library, tmp_path_factory):
    try:
        path = str(debian_kexec.path())
    except (private_apt.FetchFailed, apt_sources.NoMirror) as error:
        pytest.skip(f"Debian's kexec cannot be fetched: {error}")
    preload.check(library, tmp_path_factory.mktemp("check") / "log", path)
    return path


class Load:
    """The crash load that `program` makes of `machine`: its elfcorehdr, its e820 table, its segments."""

    def __init__(self, program, library, machine, kernel, folder):
        tree = folder / "machine"
        shutil.copytree(MACHINES / machine, tree)
        (tree / "proc/mounts").write_text("proc /proc proc rw 0 0\nsysfs /sys sysfs rw 0 0\n")
        run = preload.run(library, folder / "log", [program, "-c", "-p", "--command-line=root=/dev/vda", kernel],
                          {"FAKE_ROOT": str(tree), "FAKE_DUMP": str(folder)})
        assert run.code == 0, run.stderr
        self.segments = run.only("kexec_load")["segments"]
        for segment in sorted(folder.glob("segment-*")):
            content = segment.read_bytes()
            if content[:6] == b"\x7fELF\2\1" and content[16:18] == b"\4\0":
                self.read_headers(content)
            elif content[0x202:0x206] == b"HdrS":
                self.e820 = [struct.unpack_from("<QQI", content, 0x2D0 + 20 * number)
                             for number in range(content[0x1E8])]

    def read_headers(self, content):
        self.headers = {PT_LOAD: [], PT_NOTE: []}
        for number in range(struct.unpack_from("<H", content, 56)[0]):
            header = struct.unpack_from("<IIQQQQQQ", content, 64 + 56 * number)
            kind, _, offset, virtual, physical, in_file, size, _ = header
            assert in_file == size
            self.headers[kind].append((physical, size, virtual, offset))

    def memory(self):
        """Physical address, size and virtual address of what will be in a dump; the image first."""
        return [header[:3] for header in self.headers[PT_LOAD]]

    def map_of(self, *kinds):
        return [entry for entry in self.e820 if entry[2] in kinds]

    def firmware_map(self):
        """Without RAM and page 0, which is RAM to firmware and reserved to Linux."""
        return [entry for entry in self.e820 if entry[2] != RAM and entry[0] != 0]


@pytest.fixture
def loads(program, debian, library, files, tmp_path):
    def both(machine):
        made = []
        for name, path in (("ours", program), ("theirs", debian)):
            folder = tmp_path / name
            folder.mkdir()
            made.append(Load(path, library, machine, files / "kernel", folder))
        return made
    return both


def test_memory_and_its_mappings_are_the_same(loads):
    ours, theirs = loads("crash-sparse-cpus")
    assert ours.memory() == theirs.memory()
    assert len(ours.memory()) == 5
    assert ours.firmware_map() == theirs.firmware_map()


def test_what_is_not_saved_is_read_where_it_is(loads):
    for load in loads("crash-sparse-cpus"):
        moved = [(physical, offset) for physical, _, _, offset in load.headers[PT_LOAD] if offset != physical]
        assert [physical for physical, _ in moved] == [0x1000]
        [(_, offset)] = moved
        assert 1 << 30 <= offset < (1 << 30) + (256 << 20)


def test_no_cpu_is_lost_where_numbers_have_gaps(loads):
    """Debian's counts the CPUs and takes their numbers to have no gaps."""
    ours, theirs = loads("crash-sparse-cpus")
    assert set(theirs.headers[PT_NOTE]) <= set(ours.headers[PT_NOTE])
    assert len(ours.headers[PT_NOTE]) == 9 + 1
    assert len(theirs.headers[PT_NOTE]) < 9 + 1


def test_what_cma_keeps_is_the_one_difference_of_memory(loads):
    """The crash kernel may run in it, so it is in no dump. Debian's knows nothing of it."""
    ours, theirs = loads("crash-low-high")
    cma = (20 << 30, 1 << 30)
    apart = [header for header in theirs.memory() if header not in ours.memory()]
    [(begin, size, virtual)] = apart
    pieces = [header for header in ours.memory() if header not in theirs.memory()]
    assert pieces == [(begin, cma[0] - begin, virtual),
                      (sum(cma), begin + size - sum(cma), virtual + sum(cma) - begin)]
    assert (*cma, RAM) in ours.map_of(RAM)
    assert ours.firmware_map() == theirs.firmware_map()
    assert ours.map_of(PERSISTENT)


def test_all_low_memory_is_saved(loads):
    """Firmware keeps a page at 0x58000. Debian's saves what is below, and what is above is overwritten."""
    ours, theirs = loads("crash-low-high")
    low = [0x0, 0x59000]
    assert [header[0] for header in ours.headers[PT_LOAD] if header[3] != header[0]] == low
    assert [header[0] for header in theirs.headers[PT_LOAD] if header[3] != header[0]] == low[:1]


def test_segments_lie_in_the_reservation_that_takes_them(loads):
    for load in loads("crash-low-high"):
        for segment in load.segments:
            assert 31 << 30 <= segment["mem"] and segment["mem"] + segment["memsz"] <= (31 << 30) + (512 << 20)
