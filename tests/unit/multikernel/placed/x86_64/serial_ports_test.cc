// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/x86_64/serial_ports.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"

using namespace kx;

namespace {

test::MemoryFiles machine_with_ports() {
    test::MemoryFiles machine;
    machine.with_serial_port("0", "0x3F8")
        .with_serial_port("1", "0x2F8")
        .with_serial_port("2", "0x3E8", "0")
        .with_serial_port("4", "0x0", "4", "2")
        .with_serial_port("10", "0xE010");
    return machine.with("sys/class/tty/tty0/dev", "4:0\n")
        .with("proc/consoles",
              "tty0                 -WU (EC  p  )    4:7\nttyS0                -W- (EC  p a)    4:64\n");
}

} // namespace

TEST_CASE("serial ports are those that exist at an I/O port; the running kernel's console is marked") {
    const auto ports = read_serial_ports(machine_with_ports());
    CHECK(ports == std::vector<SerialPort>{{0, 0x3f8, true}, {1, 0x2f8, false}, {10, 0xe010, false}});
    CHECK(read_serial_ports(test::MemoryFiles{}).empty());
}

TEST_CASE("an instance gets the first port that nobody prints on") {
    const auto ports = read_serial_ports(machine_with_ports());
    const std::uint16_t taken[] = {0x2f8, 0xe010};
    CHECK(choose_serial_port(ports, {}) == 0x2f8);
    CHECK(choose_serial_port(ports, std::span(taken, 1)) == 0xe010);
    CHECK_FALSE(choose_serial_port(ports, taken));
}

TEST_CASE("lines that are no port are left out") {
    test::MemoryFiles machine;
    machine.with_serial_port("0", "0x0")
        .with_serial_port("1", "0x12345")
        .with_serial_port("2", "zz")
        .with_serial_port("3", "0x2F8", "x")
        .with_serial_port("4", "0x2F8", "4", "")
        .with_serial_port("6", "0x2F8", "4", "2")
        .with_serial_port("99999", "0x2F8")
        .with("sys/class/tty/ttyS5/port", "0x2F8\n");
    CHECK(read_serial_ports(machine).empty());
}
