# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeds of kho_tree and kho_memory: `corpus_kho.py [FOLDER]` writes them below the corpus."""

import pathlib
import struct
import sys

PAGE = 4096
BEGIN = 0x1000  # where the target puts the memory


def native(*values):
    return struct.pack(f"<{len(values)}Q", *values)


def flattened(node):
    """A tree {name: value}: a dictionary is a node, bytes are a property's value, which stands before the nodes."""
    names = b""

    def tags(name, content):
        nonlocal names
        result = struct.pack(">I", 1) + name.encode() + bytes(4 - len(name) % 4)
        for key, value in content.items():
            if not isinstance(value, dict):
                result += struct.pack(">III", 3, len(value), len(names)) + value + bytes(-len(value) % 4)
                names += key.encode() + b"\0"
        for key, value in content.items():
            if isinstance(value, dict):
                result += tags(key, value)
        return result + struct.pack(">I", 2)

    structure = tags("", node) + struct.pack(">I", 9)
    strings_at = 56 + len(structure)
    header = (0xD00DFEED, strings_at + len(names), 56, strings_at, 40, 17, 16, 0, len(names), len(structure))
    return struct.pack(">10I", *header) + bytes(16) + structure + names


def root(version, nodes, map_at=0x7F000000):
    blob = "fdt" if version == 1 else "preserved-data"
    tree = {"compatible": b"kho-v%d\0" % version, "preserved-memory-map": native(map_at)}
    for name, (address, size) in nodes.items():
        tree[name] = {blob: native(address)}
        if version > 2:
            tree[name]["blob-size"] = native(size)
    return flattened(tree)


def memblock(regions):
    return flattened({"compatible": b"memblock-v1\0", **{
        name: {"compatible": b"reserve-mem-v1\0", "start": native(begin), "size": native(size)}
        for name, (begin, size) in regions.items()}})


def kexec_metadata(release=b"7.2.6", count=1, version=1):
    return struct.pack("<I65sI", version, release, count)


def live_update(compatible=b"luo-v5", number=1, sessions=0, objects=0x5000):
    return struct.pack("<8sQQQ", compatible, number, sessions, objects)


def kho_tree():
    nodes = {"kexec-metadata": (0x1000, 73), "memblock": (0x2000, 400), "LUO": (0x3000, 32)}
    for version in range(1, 5):
        yield f"good-v{version}", root(version, nodes)
    yield "good-no-nodes", root(4, {}, 0)
    yield "good-memblock", memblock({"log": (0x10000000, 0x100000), "trace": (0x20000000, 0x1000)})
    yield "good-metadata", kexec_metadata()
    yield "good-luo", live_update()
    yield "good-luo-tree", flattened({"compatible": b"luo-v1\0", "liveupdate-number": native(2), "luo-session": {
        "luo-session-header": native(0x4000)}})
    yield "bad-v5", root(5, nodes)
    yield "bad-cut", root(4, nodes)[:-8]
    yield "bad-address-0", root(4, {"LUO": (0, 32)})
    yield "bad-size-wraps", root(4, {"LUO": (0xFFFFFFFFFFFFFFF0, 32)})
    yield "bad-map-of-4-bytes", flattened({"compatible": b"kho-v4\0", "preserved-memory-map": bytes(4)})
    yield "bad-memblock-empty", memblock({"log": (0x1000, 0)})
    yield "bad-metadata-v2", kexec_metadata(version=2)
    yield "bad-luo-long", live_update(b"luo-v123")
    yield "bad-instance", flattened({"compatible": b"multikernel-v1\0"})


def page(content):
    return content + bytes(PAGE - len(content))


def table(entries):
    return page(b"".join(native(entries.get(index, 0)) for index in range(max(entries) + 1)))


def radix(*blocks):
    """The tree of (order, address) pairs, its nodes one behind the other."""
    nodes = [{}]
    leaves = {}
    for order, address in blocks:
        shift = 12 + order
        key = 1 << (64 - shift) | address >> shift
        node = 0
        for level in range(5, 0, -1):
            index = key >> ((level - 1) * 9 + 15) & 511
            if index not in nodes[node]:
                nodes[node][index] = BEGIN + len(nodes) * PAGE
                nodes.append({})
            node = (nodes[node][index] - BEGIN) // PAGE
        leaves.setdefault(node, []).append(key & 0x7FFF)
    pages = []
    for number, entries in enumerate(nodes):
        bits = sum(1 << bit for bit in leaves.get(number, []))
        pages.append(bits.to_bytes(PAGE, "little") if bits else table(entries or {0: 0}))
    return b"".join(pages)


def chunk(following, order, *elements):
    return page(native(following) + struct.pack("<II", order, len(elements)) +
                b"".join(native(begin, bitmap) for begin, bitmap in elements))


def kho_memory():
    chain, tree = b"\0", b"\3"
    yield "good-radix", tree + radix((0, 0), (0, 0x1000), (3, 0x40000), (9, 0x200000), (0, 1 << 46))
    yield "good-radix-empty", tree + table({0: 0})
    yield "bad-radix-circle", tree + table({0: BEGIN})
    yield "bad-radix-twice", tree + table({0: 0x2000, 1: 0x2000}) + page(b"")
    yield "bad-radix-key", tree + table({4: 0x2000}) + page(b"")
    yield "bad-radix-outside", tree + table({0: 0x7000})
    yield "good-chain", chain + chunk(0x2000, 0, (0x8000000, 0x3000)) + chunk(0, 9, (0, 0x4000)) + page(b"\x83") * 2
    yield "good-chain-small", chain + chunk(0, 0, (0x1000000, 0x2200)) + page(bytes(512) + b"\x83")
    yield "bad-chain-bitmap-twice", chain + chunk(0, 0, (0, 0x2000), (0x8000000, 0x2000)) + page(b"\1")
    yield "bad-chain-circle", chain + chunk(BEGIN, 0)
    yield "bad-chain-order", chain + chunk(0, 52)
    yield "bad-chain-count", chain + page(native(0, 256 << 32))
    yield "bad-chain-end", chain + chunk(0, 51, (1 << 63, 0x2200)) + page(bytes(512) + b"\2")


def main():
    default = pathlib.Path(__file__).resolve().parent / "corpus"
    corpus = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    for target in kho_tree, kho_memory:
        folder = corpus / target.__name__
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in target():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
