// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/requests.h"
#include "multikernel/desired/file.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

using namespace kx;
using namespace kx::ctl;

namespace {

constexpr std::uint64_t mib = 1 << 20;

DesiredState toml(std::string_view text) {
    const auto state = parse_desired_toml(text, "f.toml");
    if (!state)
        FAIL(state.error().message);
    return *state;
}

std::string refusal(std::string_view text) {
    const auto state = parse_desired_toml(text, "f.toml");
    REQUIRE_FALSE(state);
    CHECK(state.error().code == Errc::malformed);
    return state.error().message;
}

Result<DesiredState> dts(const std::string& text) {
    Notices notices;
    const auto blob = compile_device_tree(text, "dir/f.dts");
    if (!blob)
        return std::unexpected(blob.error());
    const auto tree = parse_device_tree(ByteView(*blob));
    REQUIRE(tree);
    return desired_state_of(*tree, "dir/f.dts", notices);
}

} // namespace

TEST_CASE("TOML: everything that it can say") {
    const auto state = toml(R"(
[pool]
cpus = "2-3,apic:0x11"
host-cpus = [0, 1]
memory = ["256M", { size = "128M", numa-node = 1 }]
devices = ["0000:09:00.0", "serial8250"]

[pool.device.eth0]
pci = "0000:0a:00.0"
vendor = 0x8086
device = 0x10c9
sriov-vfs = 8
host-reserved-vf = 0
available-vfs = [1, 2]

[pool.device.nvme0]
pci = "0000:0b:00.0"
namespaces = 4
host-reserved-ns = [1]
available-ns = [2, 3, 4]

[instance.web]
id = 1
cpus = "3"
memory = "160M@0x40000000"
numa-node = 1
devices = ["eth0/vf1", "0000:09:00.0"]
kernel = "/boot/vmlinuz"
initrd = "/boot/initrd.img"
cmdline = "console=mktty0"
state = "loaded"

[instance.db]
state = "absent"
)");
    REQUIRE(state.pool);
    CHECK(state.pool->cpus == std::vector<CpuName>{{false, 2}, {false, 3}, {true, 0x11}});
    CHECK(state.pool->host_cpus == std::vector<CpuName>{{false, 0}, {false, 1}});
    CHECK(state.pool->memory == std::vector<MemoryRequest>{{256 * mib, {}}, {128 * mib, 1}});
    REQUIRE(state.pool->devices.size() == 4);
    CHECK(state.pool->devices[0].pci_id == "0000:09:00.0");
    CHECK(state.pool->devices[1].platform_name == "serial8250");
    const DesiredDevice& card = state.pool->devices[2];
    CHECK(card.name == "eth0");
    CHECK(card.vendor_id == 0x8086);
    CHECK(card.device_id == 0x10c9);
    CHECK(card.virtual_functions == DeviceParts{8, {0}, {1, 2}});
    CHECK(state.pool->devices[3].namespaces == DeviceParts{4, {1}, {2, 3, 4}});
    REQUIRE(state.instances.size() == 2);
    const DesiredInstance& web = state.instances[0];
    CHECK(web.name == "web");
    CHECK(web.id == 1);
    CHECK(web.memory == MemoryWish{160 * mib, 0x40000000});
    CHECK(web.numa_node == 1);
    REQUIRE(web.devices);
    CHECK(web.devices->front() == DeviceUse{"eth0", DeviceUse::Part::virtual_function, 1});
    CHECK(web.kernel == "/boot/vmlinuz");
    CHECK(web.initrd == "/boot/initrd.img");
    CHECK(web.command_line == "console=mktty0");
    CHECK(web.wanted() == DesiredStatus::loaded);
    CHECK(state.instances[1].wanted() == DesiredStatus::absent);
}

TEST_CASE("TOML: instances in the order of the file, and their states where none is said") {
    const auto state = toml("[instance.z]\nkernel = 'k'\n[instance.a]\n");
    REQUIRE(state.instances.size() == 2);
    CHECK(state.instances[0].name == "z");
    CHECK(state.instances[0].wanted() == DesiredStatus::active);
    CHECK(state.instances[1].wanted() == DesiredStatus::ready);
    CHECK_FALSE(state.pool);
}

TEST_CASE("TOML: a mistake is told with its place, and with what may have been meant") {
    CHECK(refusal("[pool]\ncpu = '2'\n") == "f.toml:2:1: there is no key \"cpu\" here; did you mean \"cpus\"?");
    CHECK(refusal("[pols]\n").starts_with("f.toml:1:2: there is no key \"pols\" here; did you mean \"pool\"?"));
    CHECK(refusal("[instance.web]\n  wibble = 1\n")
              .starts_with("f.toml:2:3: there is no key \"wibble\" here; there are id, cpus, memory"));
    CHECK(refusal("[pool]\ncpus = '2-'\n").starts_with("f.toml:2:8: \"2-\" names no CPU"));
    CHECK(refusal("[pool]\nmemory = 512\n").starts_with("f.toml:2:10: a size such as \"512M\""));
    CHECK(refusal("[pool]\nmemory = '5Q'\n").starts_with("f.toml:2:10: \"5Q\" is no size"));
    CHECK(refusal("[instance.web]\nstate = 'on'\n") ==
          "f.toml:2:9: \"on\" is no state: active, loaded, ready or absent");
    CHECK(refusal("[instance.web]\nid = -1\n").starts_with("f.toml:2:6: a whole number up to"));
    CHECK(refusal("[instance.web]\nid = '1'\n").starts_with("f.toml:2:6: a whole number"));
    CHECK(refusal("[instance.web]\nkernel = 1\n").starts_with("f.toml:2:10: a text in quotes"));
    CHECK(refusal("[instance.web]\nkernel = \"a\\u0000b\"\n").starts_with("f.toml:2:10: a text with a NUL"));
    CHECK(refusal("[instance.web]\ndevices = ['eth0/x1']\n").starts_with("f.toml:2:11: \"eth0/x1\" is no part"));
    CHECK(refusal("instance = 1\n").starts_with("f.toml:1:12: instance has to be a table"));
    CHECK(refusal("[pool\n").starts_with("f.toml:"));
    CHECK(refusal("\xc3\xa9 = 1\n") == "f.toml:1:1: the character 0xc3 cannot be here");
    CHECK(refusal("a = 'x' \xc3\xa9\n") == "f.toml:1:9: the character 0xc3 cannot be here");
    CHECK(toml("[instance.a] # \xc3\xa9\nkernel = '\xc3\xa9' # '\ninitrd = \"\\\"\xc3\xa9\"\ncmdline = "
               "\"\"\"\xc3\xa9\n\"\xc3\xa9\"\"\"\n")
              .instances[0]
              .kernel == "\xc3\xa9");
    CHECK(toml("[instance.a]\nkernel = '\\\xc3\xa9\"'\n").instances[0].kernel == "\\\xc3\xa9\"");
    CHECK(toml("[instance.a]\nkernel = \"\xf0\x9f\x98\x80\"\n").instances[0].kernel == "\xf0\x9f\x98\x80");
    CHECK(toml("[instance.a]\nkernel = '''\n\xc3\xa9'''\n").instances[0].kernel == "\xc3\xa9");
    CHECK(refusal("a = '\xc3\n").starts_with("f.toml:1:6: the byte 0xc3 begins no UTF-8"));
    CHECK(refusal("a = '\xed\xa0\x80'\n").starts_with("f.toml:1:6: the byte 0xed begins no UTF-8"));
    CHECK(refusal("a = '\xc3\xa9\n").starts_with("f.toml:1:"));
    CHECK(refusal("a = 0\"\xc3\xa9\"\n") == "f.toml:1:6: no text can begin here");
    CHECK(refusal("[@pool]\n").starts_with("f.toml:1:2: "));
    CHECK(refusal("a = 1\n[\x15]\n") == "f.toml:2:2: the character 0x15 cannot be here");
    CHECK(refusal("[instance.web]\nid = 1\nid = 2\n").starts_with("f.toml:3:"));
}

TEST_CASE("DTS: the tree of today, with CPUs in two cells") {
    const auto state = dts(R"(/dts-v1/;
/ { compatible = "multikernel-v1";
    resources {
        cpus = <0x0 0x2 0x0 0x13>;
        memory@0 { size = <0x0 0x18000000>; numa-node-id = <1>; };
        devices { nic: eth0 { device-type = "pci"; pci-id = "0000:09:00.0"; vendor-id = <0x8086>; device-id = <0x10c9>; };
                  tty0 { device-type = "platform"; device-name = "serial8250"; }; };
    };
    instances { web { id = <1>; resources { cpus = <0x0 0x13>; memory-bytes = <0x0 0xa000000>; devices = <&nic>; }; };
                db { resources { cpus = <0x0 0x2>; memory-bytes = <0x4000000>; devices = "tty0", "eth0/vf1"; }; }; };
};)");
    REQUIRE(state);
    REQUIRE(state->pool);
    CHECK(state->pool->cpus == std::vector<CpuName>{{true, 2}, {true, 0x13}});
    CHECK(state->pool->memory == std::vector<MemoryRequest>{{384 * mib, 1}});
    REQUIRE(state->pool->devices.size() == 2);
    CHECK(state->pool->devices[0].vendor_id == 0x8086);
    CHECK(state->pool->devices[1].platform_name == "serial8250");
    REQUIRE(state->instances.size() == 2);
    CHECK(state->instances[0].name == "web");
    CHECK(state->instances[0].id == 1);
    CHECK(state->instances[0].cpus == std::vector<CpuName>{{true, 0x13}});
    CHECK(state->instances[0].memory == MemoryWish{160 * mib, {}});
    CHECK(state->instances[0].devices == std::vector<DeviceUse>{{"eth0"}});
    CHECK(state->instances[1].memory == MemoryWish{64 * mib, {}});
    CHECK(state->instances[1].devices ==
          std::vector<DeviceUse>{{"tty0"}, {"eth0", DeviceUse::Part::virtual_function, 1}});
}

TEST_CASE("DTS: the older tree, with its first line, CPUs in cells and references to parts of devices") {
    const auto state = dts(R"(// a machine
/multikernel-v1/;
/ { compatible = "linux,multikernel-host";
    resources {
        cpus { total = <8>; host-reserved = <0 1>; available = <2 3 4 5 6 7>; };
        memory { total-bytes = <0x4 0x0>; memory-pool-base = <0x0 0x80000000>; memory-pool-bytes = <0x0 0x40000000>; };
        devices { eth0: ethernet@0 { pci-id = "0000:01:00.0"; sriov-vfs = <4>; host-reserved-vf = <0>; available-vfs = <1 2 3>; };
                  disk: storage@0 { pci-id = "0000:02:00.0"; namespaces = <2>; host-reserved-ns = <1>; available-ns = <2>; }; };
    };
    instances { web { id = <1>; resources { cpus = <4 5>; memory-base = <0x0 0x80000000>; memory-bytes = <0x0 0x20000000>;
                                            devices = <&vf1 &ns2>; }; }; };
    device-references { vf1: eth0-vf1 { parent = <&eth0>; vf-id = <1>; }; ns2: disk-ns2 { parent = <&disk>; namespace-id = <2>; }; };
};)");
    REQUIRE(state);
    CHECK(state->pool->host_cpus == std::vector<CpuName>{{true, 0}, {true, 1}});
    CHECK(state->pool->cpus.size() == 6);
    CHECK(state->pool->memory == std::vector<MemoryRequest>{{1024 * mib, {}}});
    CHECK(state->pool->memory_base == 0x80000000);
    CHECK(state->pool->devices[0].virtual_functions == DeviceParts{4, {0}, {1, 2, 3}});
    CHECK(state->pool->devices[1].namespaces == DeviceParts{2, {1}, {2}});
    REQUIRE(state->instances.size() == 1);
    CHECK(state->instances[0].cpus == std::vector<CpuName>{{true, 4}, {true, 5}});
    CHECK(state->instances[0].memory == MemoryWish{512 * mib, 0x80000000});
    CHECK(state->instances[0].devices == std::vector<DeviceUse>{{"ethernet@0", DeviceUse::Part::virtual_function, 1},
                                                                {"storage@0", DeviceUse::Part::nvme_namespace, 2}});
}

TEST_CASE("DTS: what dtc says comes with the file's name") {
    const auto state = dts("/dts-v1/;\n/ { resources { cpus = <0x0 >> ; }; };\n");
    REQUIRE_FALSE(state);
    CHECK(state.error().message.starts_with("dir/f.dts: dtc refuses it: "));
    CHECK(state.error().message.find('\n') == std::string::npos);
    CHECK(state.error().message.find("dir/f.dts:2.") != std::string::npos);
}

TEST_CASE("DTS: trees that are no such file") {
    const auto refused = [](const char* body) {
        const auto state = dts(std::string("/dts-v1/;\n/ { ") + body + " };");
        REQUIRE_FALSE(state);
        CHECK(state.error().code == Errc::malformed);
        return state.error().message;
    };
    CHECK(refused("").find("neither /resources nor /instances") != std::string::npos);
    CHECK(refused("compatible = \"acme,board\";").find("it is a tree for \"acme,board\"") != std::string::npos);
    CHECK(refused("resources { cpus = <1 2 3>; };").starts_with("dir/f.dts: /resources: "));
    CHECK(refused("resources { cpus = <2 3>; };").find("two cells") != std::string::npos);
    CHECK(refused("resources { devices { a { }; }; };").starts_with("dir/f.dts: /resources/devices/a: it has neither"));
    CHECK(refused("instances { web { id = <1>; }; };").starts_with("dir/f.dts: /instances/web: it has no resources"));
    CHECK(refused("instances { web { resources { devices = <77>; }; }; };").find("which no node is") !=
          std::string::npos);
}

TEST_CASE("declarative files are told apart by their first bytes, and paths are relative to them") {
    CHECK(is_device_tree_source("/* a */ // b\n /dts-v1/;"));
    CHECK(is_device_tree_source("/multikernel-v1/;"));
    CHECK_FALSE(is_device_tree_source("[pool]\n"));
    CHECK_FALSE(is_device_tree_source("/* never ends"));
    test::TemporaryFolder folder;
    const std::string path = folder.path.string() + "/f.toml";
    std::ofstream(path) << "[instance.web]\nkernel = 'vmlinuz'\ninitrd = '/boot/initrd'\n";
    Notices notices;
    const auto state = read_desired_file(path, notices);
    REQUIRE(state);
    CHECK(state->instances[0].kernel == folder.path.string() + "/vmlinuz");
    CHECK(state->instances[0].initrd == "/boot/initrd");
    const auto blob = compile_device_tree("/dts-v1/; / { instances { a { resources { cpus = <0 1>; }; }; }; };", path);
    REQUIRE(blob);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(blob->data()), static_cast<std::streamsize>(blob->size()));
    CHECK(read_desired_file(path, notices)->instances[0].name == "a");
}

TEST_CASE("TOML: a key of very many parts is refused before it is read") {
    std::string parts = "a";
    for (int i = 0; i < 100'000; i++)
        parts += ".a";
    const std::string said = "f.toml:2: a key of more than 17 parts";
    CHECK(refusal("\n" + parts + " = 1\n") == said);
    CHECK(refusal("\n[" + parts + "]\n") == said);
    CHECK(refusal("\n[[" + parts + "]]\n") == said);
    CHECK(refusal("\nx = { " + parts + " = 1 }\n") == said);
    std::string quoted = "'a'";
    for (int i = 0; i < 100'000; i++)
        quoted += " . \"a\"";
    CHECK(refusal("\n" + quoted + " = 1\n") == said);
    CHECK(refusal("# " + parts + "\nx = \"" + parts + "\"\n").find("no key \"x\"") != std::string::npos);
}

TEST_CASE("TOML: values in values without end are refused") {
    const std::size_t depth = 100'000;
    CHECK_FALSE(refusal("pool = " + std::string(depth, '[') + "\n").empty());
    std::string tables = "pool = ";
    for (std::size_t i = 0; i < depth; i++)
        tables += "{a=";
    CHECK_FALSE(refusal(tables + "\n").empty());
}

TEST_CASE("DTS: nodes in nodes without end are refused") {
    std::string source = "/dts-v1/;\n/ {";
    for (int i = 0; i < 1000; i++)
        source += "a {";
    for (int i = 0; i < 1000; i++)
        source += "};";
    const auto blob = compile_device_tree(source + "};\n", "f.dts");
    REQUIRE(blob);
    const auto tree = parse_device_tree(ByteView(*blob));
    REQUIRE_FALSE(tree);
    CHECK(tree.error().message.find("more than 64 levels") != std::string::npos);
}

TEST_CASE("DTS: what never ends is ended") {
    using namespace std::chrono_literals;
    const test::TemporaryFolder folder;
    REQUIRE(mkfifo((folder.path / "fifo").c_str(), 0600) == 0);
    const auto refused = [&](const std::string& body, std::string_view why) {
        const auto begin = std::chrono::steady_clock::now();
        const auto blob = compile_device_tree("/dts-v1/;\n" + body, folder.path / "f.dts", 2s);
        CHECK(std::chrono::steady_clock::now() - begin < 30s);
        REQUIRE_FALSE(blob);
        INFO(blob.error().message);
        CHECK(blob.error().message.find(why) != std::string::npos);
        CHECK(blob.error().message.size() < 3000);
    };
    refused("/ { a = /incbin/(\"fifo\"); };", "dtc did not end within 2 s");
    refused("/include/ \"fifo\"\n", "dtc did not end within 2 s");
    refused("/ { a = /incbin/(\"/dev/zero\"); };", "dtc ");
    refused("/ { a = /incbin/(\"/dev/zero\", 0, 0x2000000); };", "dtc makes more than");
}

// What stands in the place of dtc is found first in PATH.
TEST_CASE("DTS: a dtc that closes its pipes and stays is ended, and inherits no ignored or blocked signal") {
    using namespace std::chrono_literals;
    const test::TemporaryFolder folder;
    const std::string path = std::getenv("PATH");
    const auto with = [&](const std::string& script) {
        std::filesystem::permissions(folder.write("dtc", "#!/bin/sh\n" + script), std::filesystem::perms::owner_all);
        setenv("PATH", (folder.path.string() + ":" + path).c_str(), 1);
        auto blob = compile_device_tree("/dts-v1/;\n", folder.path / "f.dts", 2s);
        setenv("PATH", path.c_str(), 1);
        return blob;
    };
    const auto begin = std::chrono::steady_clock::now();
    const auto stayed = with("exec >&- 2>&-\nexec sleep 20\n");
    REQUIRE_FALSE(stayed);
    CHECK(stayed.error().message.find("dtc did not end within 2 s") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - begin < 15s);

    sigset_t hup, before;
    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hup, &before);
    const auto old = std::signal(SIGXFSZ, SIG_IGN);
    const auto told = with("grep -E 'Sig(Blk|Ign)' /proc/self/status\n");
    std::signal(SIGXFSZ, old);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    REQUIRE(told);
    const std::string text(reinterpret_cast<const char*>(told->data()), told->size());
    INFO(text);
    std::uint64_t blocked = 1, ignored = 1;
    REQUIRE(std::sscanf(text.c_str(), "SigBlk: %" SCNx64 " SigIgn: %" SCNx64, &blocked, &ignored) == 2);
    // Signals 32 and 33 are libc's own: signal() leaves them as they were, and a posix_spawn() may have ignored them.
    constexpr std::uint64_t of_libc = std::uint64_t{3} << 31;
    CHECK(blocked == 0);
    CHECK((ignored & ~of_libc) == 0);
}
