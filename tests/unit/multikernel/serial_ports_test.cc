// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.h"
#include "machine/memory_files.h"
#include "multikernel/serial_ports.h"

using namespace kx;

namespace {

test::MemoryFiles machine_with_ports() {
    test::MemoryFiles machine;
    return machine
        .with("proc/tty/driver/serial", "serinfo:1.0 driver revision:\n"
                                        "0: uart:16550A port:000003F8 irq:4 tx:99 rx:0\n"
                                        "1: uart:16550A port:000002F8 irq:3 tx:0 rx:0\n"
                                        "2: uart:unknown port:000003E8 irq:4\n"
                                        "4: uart:16550A mmio:0xFE036000 irq:18 tx:0 rx:0\n"
                                        "5: uart:16550A port:0000E010 irq:19 tx:0 rx:0\n")
        .with("proc/consoles",
              "tty0                 -WU (EC  p  )    4:7\nttyS0                -W- (EC  p a)    4:64\n");
}

} // namespace

TEST_CASE("serial ports are those that exist at an I/O port; the running kernel's console is marked") {
    const auto ports = read_serial_ports(machine_with_ports());
    CHECK(ports == std::vector<SerialPort>{{0, 0x3f8, true}, {1, 0x2f8, false}, {5, 0xe010, false}});
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
    machine.with("proc/tty/driver/serial", "x\n1\n2:\n3: uart:16550A port:\n4: uart:16550A port:zz\n5: uart:16550A "
                                           "port:12345\n6: uart:16550A port:00000000\n99999: uart:16550A port:2F8\n");
    CHECK(read_serial_ports(machine).empty());
}
