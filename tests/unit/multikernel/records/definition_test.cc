// SPDX-License-Identifier: GPL-2.0-or-later
// Definitions of instances on a stock kernel: what is written is read again, and nothing else is.
#include "multikernel/records/definition.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"
#include "tests/unit/temporary_folder.h"

using namespace kx;
using test::MemoryFiles;
using test::TemporaryFolder;

namespace {

const InstanceDefinition web{
    .name = "web", .id = 3, .cpus = {{2, 0x10}, {3, 0x11}}, .memory = {0x20000000, 0x28000000}, .serial_port = 0x2f8};

const std::string folder = "run/kexec-tools-mk/definitions/";

std::string with(std::string_view from, std::string_view to) {
    std::string text = text_of(web);
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string refusal_of(const std::string& text) {
    const auto parsed = parse_definition(text, "FILE");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::malformed);
    CHECK(parsed.error().message.starts_with("FILE: "));
    return parsed.error().message;
}

} // namespace

TEST_CASE("a definition is read as it was written") {
    CHECK(text_of(web) == "kexec-definition-1\nname web\nid 3\ncpus 2/0x10,3/0x11\nmemory 0x20000000-0x27ffffff\n"
                          "serial_port 0x2f8\n");
    CHECK(parse_definition(text_of(web), "FILE").value() == web);
    InstanceDefinition silent = web;
    silent.serial_port.reset();
    CHECK(parse_definition(text_of(silent), "FILE").value() == silent);
    CHECK(parse_definition(text_of(web) + "later something\n", "FILE").value() == web);
}

TEST_CASE("a definition that cannot be is refused by its key") {
    const std::pair<std::string, std::string> broken[] = {
        {with("definition-1", "definition-2"), "first line"},
        {with("name web", "name 7up"), "\"name\""},
        {with("name web", "name ../x"), "\"name\""},
        {with("id 3", "id 0"), "\"id\""},
        {with("id 3", "id 2048"), "\"id\""},
        {with("id 3\n", ""), "\"id\" is missing"},
        {with("id 3\n", "id 3\nid 3\n"), "\"id\" is there twice"},
        {with("2/0x10", "2"), "\"cpus\""},
        {with("2/0x10", "3/0x10"), "\"cpus\""},
        {with(",3/0x11", ","), "\"cpus\""},
        {with("2/0x10,3/0x11", ""), "\"cpus\""},
        {with("27ffffff", "27fffff0"), "\"memory\""},
        {with("0x20000000-", "0x30000000-"), "\"memory\""},
        {with("0x2f8", "0x10000"), "\"serial_port\""},
    };
    for (const auto& [text, word] : broken) {
        INFO(text);
        CHECK(refusal_of(text).find(word) != std::string::npos);
    }
    CHECK(refusal_of("kexec-definition-1\nname web").find("cut short") != std::string::npos);
    CHECK(refusal_of("").find("cut short") != std::string::npos);
}

TEST_CASE("definitions are kept in files of their names, and read by id") {
    const TemporaryFolder machine;
    const std::string root = machine.path.string();
    const DirectoryFiles files(root);
    CHECK(read_definitions(files).value().empty());

    InstanceDefinition db = web;
    db.name = "db";
    db.id = 9;
    REQUIRE(write_definition(root, db));
    REQUIRE(write_definition(root, web));
    CHECK(read_definitions(files).value() == std::vector{web, db});
    REQUIRE(remove_definition(root, "web"));
    REQUIRE(remove_definition(root, "web"));
    CHECK(read_definitions(files).value() == std::vector{db});

    CHECK(remove_definition(root, "../definitions/db").error().code == Errc::usage);
    db.name = "db.new";
    CHECK(write_definition(root, db).error().code == Errc::usage);
    CHECK(read_definitions(files).value().size() == 1);
}

TEST_CASE("a definition in the file of another, and one that is broken, are errors; an unfinished file is not") {
    MemoryFiles files;
    files.with(folder + "web", text_of(web)).with(folder + "web.new", "kexec-def");
    CHECK(read_definitions(files).value() == std::vector{web});
    files.with(folder + "other", text_of(web));
    CHECK(read_definitions(files).error().message.find("is the definition of \"web\"") != std::string::npos);
    files.with(folder + "other", "");
    CHECK(read_definitions(files).error().message.find("/other: ") != std::string::npos);
    files.denied.insert("run/kexec-tools-mk/definitions");
    CHECK(read_definitions(files).error().code == Errc::denied);
}
