// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/text.h"
#include "kexec/core/utf8.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/requests.h"
#include "multikernel/desired/file.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

// toml++ 3.3 asserts of a key what its input need not be ("[@"), and goes on to an error of its own where it may.
#undef NDEBUG
#define TOML_ASSERT(expr) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>

namespace kx::ctl {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); j++)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); i++) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); j++) {
            const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

std::string suggestion(std::string_view key, std::span<const std::string_view> known) {
    const auto nearest = std::ranges::min_element(
        known, {}, [&](std::string_view name) { return edit_distance(key.substr(0, 64), name); });
    if (edit_distance(key.substr(0, 64), *nearest) <= 2)
        return fmt::format("did you mean \"{}\"?", *nearest);
    return fmt::format("there are {}", fmt::join(known, ", "));
}

constexpr std::array<std::string_view, 2> root_keys{"pool", "instance"};
constexpr std::array<std::string_view, 5> pool_keys{"cpus", "host-cpus", "memory", "devices", "device"};
constexpr std::array<std::string_view, 2> memory_keys{"size", "numa-node"};
constexpr std::array<std::string_view, 10> device_keys{
    "pci",           "platform",   "vendor",           "device",      "sriov-vfs", "host-reserved-vf",
    "available-vfs", "namespaces", "host-reserved-ns", "available-ns"};
constexpr std::array<std::string_view, 9> instance_keys{"id",     "cpus",   "memory",  "numa-node", "devices",
                                                        "kernel", "initrd", "cmdline", "state"};

class TomlReader {
public:
    explicit TomlReader(std::string file) : file_(std::move(file)) {}

    Result<DesiredState> read(const toml::table& root) {
        DesiredState state;
        KX_TRY(check_keys(root, root_keys));
        if (const toml::node* pool = root.get("pool"))
            state.pool = KX_TRY(pool_of(*KX_TRY(table_of(*pool, "pool"))));
        if (const toml::node* instances = root.get("instance"))
            for (const auto& [key, node] : in_file_order(*KX_TRY(table_of(*instances, "instance"))))
                state.instances.push_back(KX_TRY(instance_of(std::string(key), *node)));
        return state;
    }

private:
    std::string place(const toml::source_region& source) const {
        return fmt::format("{}:{}:{}", file_, source.begin.line, source.begin.column);
    }
    template <typename... Args>
    std::unexpected<Error> wrong(const toml::node& node, fmt::format_string<Args...> format, Args&&... args) const {
        return fail(Errc::malformed, "{}: {}", place(node.source()), fmt::format(format, std::forward<Args>(args)...));
    }

    Result<> check_keys(const toml::table& table, std::span<const std::string_view> known) const {
        for (auto&& [key, node] : table)
            if (std::ranges::find(known, key.str()) == known.end())
                return fail(Errc::malformed, "{}: there is no key \"{}\" here; {}", place(key.source()), key.str(),
                            suggestion(key.str(), known));
        return {};
    }

    static std::vector<std::pair<std::string_view, const toml::node*>> in_file_order(const toml::table& table) {
        std::vector<std::pair<std::string_view, const toml::node*>> all;
        std::vector<std::pair<toml::source_position, std::size_t>> order;
        for (auto&& [key, node] : table) {
            order.emplace_back(key.source().begin, all.size());
            all.emplace_back(key.str(), &node);
        }
        std::ranges::sort(order, [](const auto& a, const auto& b) { return a.first < b.first; });
        std::vector<std::pair<std::string_view, const toml::node*>> sorted;
        for (const auto& [position, index] : order)
            sorted.push_back(all[index]);
        return sorted;
    }

    Result<const toml::table*> table_of(const toml::node& node, std::string_view what) const {
        if (const toml::table* table = node.as_table())
            return table;
        return wrong(node, "{} has to be a table", what);
    }

    Result<std::string> text_at(const toml::node& node) const {
        const auto* text = node.as_string();
        if (!text)
            return wrong(node, "a text in quotes is wanted here");
        if (text->get().find('\0') != std::string::npos)
            return wrong(node, "a text with a NUL in it cannot be");
        return text->get();
    }
    Result<std::uint64_t> number_at(const toml::node& node, std::uint64_t most) const {
        const auto* number = node.as_integer();
        if (!number || number->get() < 0 || static_cast<std::uint64_t>(number->get()) > most)
            return wrong(node, "a whole number up to {} is wanted here", most);
        return static_cast<std::uint64_t>(number->get());
    }
    Result<std::uint32_t> u32_at(const toml::node& node) const {
        return static_cast<std::uint32_t>(KX_TRY(number_at(node, UINT32_MAX)));
    }
    Result<std::vector<std::uint32_t>> u32s_at(const toml::node& node) const {
        std::vector<std::uint32_t> numbers;
        const toml::array* array = node.as_array();
        if (!array) {
            numbers.push_back(KX_TRY(u32_at(node)));
            return numbers;
        }
        for (const toml::node& element : *array)
            numbers.push_back(KX_TRY(u32_at(element)));
        return numbers;
    }
    // `parse` of a text, with the place before what it says.
    template <typename Value>
    Result<Value> parsed(const toml::node& node, Result<Value> (*parse)(std::string_view)) const {
        auto value = parse(KX_TRY(text_at(node)));
        if (!value)
            return wrong(node, "{}", value.error().message);
        return value;
    }

    // "2-3", or [2, 3] with logical numbers.
    Result<std::vector<CpuName>> cpus_at(const toml::node& node) const {
        if (node.is_string())
            return parsed(node, parse_cpu_list);
        std::vector<CpuName> cpus;
        for (const std::uint32_t number : KX_TRY(u32s_at(node)))
            cpus.push_back({false, number});
        if (cpus.empty() || cpus.size() > cpu_limit)
            return wrong(node, "CPUs are wanted here, such as \"2-3\"");
        return cpus;
    }

    // "512M", { size = "512M", numa-node = 0 }, or several of either.
    Result<std::vector<MemoryRequest>> pool_memory_at(const toml::node& node) const {
        std::vector<MemoryRequest> all;
        if (const toml::array* array = node.as_array()) {
            for (const toml::node& element : *array)
                all.push_back(KX_TRY(memory_request_at(element)));
            return all;
        }
        all.push_back(KX_TRY(memory_request_at(node)));
        return all;
    }
    Result<MemoryRequest> memory_request_at(const toml::node& node) const {
        if (node.is_string())
            return MemoryRequest{KX_TRY(parsed(node, parse_size)), {}};
        const toml::table* table = node.as_table();
        const toml::node* size = table ? table->get("size") : nullptr;
        if (!size)
            return wrong(node, "a size such as \"512M\" is wanted here, or {{ size = \"512M\", numa-node = 0 }}");
        KX_TRY(check_keys(*table, memory_keys));
        MemoryRequest request{KX_TRY(parsed(*size, parse_size)), {}};
        if (const toml::node* numa_node = table->get("numa-node"))
            request.numa_node = KX_TRY(u32_at(*numa_node));
        return request;
    }

    Result<DesiredPool> pool_of(const toml::table& table) {
        KX_TRY(check_keys(table, pool_keys));
        DesiredPool pool;
        if (const toml::node* node = table.get("cpus"))
            pool.cpus = KX_TRY(cpus_at(*node));
        if (const toml::node* node = table.get("host-cpus"))
            pool.host_cpus = KX_TRY(cpus_at(*node));
        if (const toml::node* node = table.get("memory"))
            pool.memory = KX_TRY(pool_memory_at(*node));
        if (const toml::node* node = table.get("devices")) {
            for (const std::string& name : KX_TRY(texts_at(*node))) {
                const bool pci = name.find(':') != name.npos;
                pool.devices.push_back({.name = name, .pci_id = pci ? name : "", .platform_name = pci ? "" : name});
            }
        }
        if (const toml::node* node = table.get("device"))
            for (const auto& [key, device] : in_file_order(*KX_TRY(table_of(*node, "device"))))
                pool.devices.push_back(KX_TRY(device_of(std::string(key), *device)));
        return pool;
    }

    Result<std::vector<std::string>> texts_at(const toml::node& node) const {
        std::vector<std::string> texts;
        const toml::array* array = node.as_array();
        if (!array)
            return wrong(node, "a list of texts is wanted here: [\"…\", \"…\"]");
        for (const toml::node& element : *array)
            texts.push_back(KX_TRY(text_at(element)));
        return texts;
    }

    Result<DesiredDevice> device_of(std::string name, const toml::node& node) const {
        const toml::table& table = *KX_TRY(table_of(node, "device " + name));
        KX_TRY(check_keys(table, device_keys));
        DesiredDevice device{.name = std::move(name)};
        for (auto&& [key, value] : table) {
            if (key == "pci")
                device.pci_id = KX_TRY(text_at(value));
            else if (key == "platform")
                device.platform_name = KX_TRY(text_at(value));
            else if (key == "vendor")
                device.vendor_id = KX_TRY(u32_at(value));
            else if (key == "device")
                device.device_id = KX_TRY(u32_at(value));
            else if (key == "sriov-vfs")
                device.virtual_functions.count = KX_TRY(u32_at(value));
            else if (key == "host-reserved-vf")
                device.virtual_functions.host = KX_TRY(u32s_at(value));
            else if (key == "available-vfs")
                device.virtual_functions.available = KX_TRY(u32s_at(value));
            else if (key == "namespaces")
                device.namespaces.count = KX_TRY(u32_at(value));
            else if (key == "host-reserved-ns")
                device.namespaces.host = KX_TRY(u32s_at(value));
            else
                device.namespaces.available = KX_TRY(u32s_at(value));
        }
        return device;
    }

    Result<DesiredInstance> instance_of(std::string name, const toml::node& node) const {
        const toml::table& table = *KX_TRY(table_of(node, "instance " + name));
        KX_TRY(check_keys(table, instance_keys));
        DesiredInstance instance;
        instance.name = std::move(name);
        for (auto&& [key, value] : table) {
            if (key == "id")
                instance.id = KX_TRY(u32_at(value));
            else if (key == "cpus")
                instance.cpus = KX_TRY(cpus_at(value));
            else if (key == "memory")
                instance.memory = KX_TRY(parsed(value, parse_memory_wish));
            else if (key == "numa-node")
                instance.numa_node = KX_TRY(u32_at(value));
            else if (key == "devices")
                instance.devices = KX_TRY(uses_at(value));
            else if (key == "kernel")
                instance.kernel = KX_TRY(text_at(value));
            else if (key == "initrd")
                instance.initrd = KX_TRY(text_at(value));
            else if (key == "cmdline")
                instance.command_line = KX_TRY(text_at(value));
            else
                instance.status = KX_TRY(status_at(value));
        }
        return instance;
    }

    Result<std::vector<DeviceUse>> uses_at(const toml::node& node) const {
        std::vector<DeviceUse> uses;
        for (const std::string& text : KX_TRY(texts_at(node))) {
            auto use = parse_device_use(text);
            if (!use)
                return wrong(node, "{}", use.error().message);
            uses.push_back(*std::move(use));
        }
        return uses;
    }

    Result<DesiredStatus> status_at(const toml::node& node) const {
        const auto word = KX_TRY(text_at(node));
        if (const auto status = desired_status(word))
            return *status;
        return wrong(node, "\"{}\" is no state: active, loaded, ready or absent", word.substr(0, 40));
    }

    std::string file_;
};

// Where a string or comment that begins at `at` ends: behind its closing quotes, or at the end of the line or text.
// `at` itself where neither begins.
std::size_t end_of_quotation(std::string_view text, std::size_t at) {
    const char first = text[at];
    if (first == '#')
        return std::min(text.find('\n', at), text.size());
    if (first != '"' && first != '\'')
        return at;
    const bool several = text.substr(at, 3) == std::string(3, first);
    const std::string_view quotes = text.substr(at, several ? 3 : 1);
    for (std::size_t i = at + quotes.size(); i < text.size(); i++) {
        if (!several && text[i] == '\n')
            return i;
        if (text.substr(i).starts_with(quotes))
            return i + quotes.size();
        i += first == '"' && text[i] == '\\';
    }
    return text.size();
}

// A backslash that escapes what comes, blanks and ends of lines aside.
bool ends_in_escape(std::string_view text) {
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    if (last == text.npos || text[last] != '\\')
        return false;
    const std::size_t before = text.find_last_not_of('\\', last);
    return (last - (before == text.npos ? 0 : before + 1)) % 2 == 0;
}

// A text in quotes or a comment, in ASCII: other characters as escapes, which only double quotes know; a comment that
// has any is left out. Every byte is part of a character.
std::string ascii_quotation(std::string_view quotation) {
    const char first = quotation[0];
    if (std::ranges::all_of(quotation, [](char c) { return static_cast<unsigned char>(c) <= 0x7f; }))
        return std::string(quotation);
    if (first == '#')
        return "#";
    const std::size_t quotes = quotation.starts_with(std::string(3, first)) ? 3 : 1;
    const bool closed = quotation.size() >= 2 * quotes && quotation.ends_with(std::string(quotes, first));
    const std::size_t inner_end = closed ? quotation.size() - quotes : quotation.size();
    std::string ascii(quotes, '"');
    for (std::size_t at = quotes; at < inner_end; at++) {
        const char c = quotation[at];
        if (static_cast<unsigned char>(c) > 0x7f) {
            const auto character = first_character(quotation.substr(at)).value_or(std::pair(U'?', std::size_t{1}));
            ascii += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(character.first));
            at += character.second - 1;
            continue;
        }
        if (first == '\'' && (c == '\\' || c == '"'))
            ascii += '\\';
        ascii += c;
    }
    return closed ? ascii + std::string(quotes, '"') : ascii;
}

// If a character that is not ASCII stands where toml++ 3.3 expects none, its behaviour is undefined. So it never gets
// one.
std::string ascii_of(std::string_view text) {
    std::string ascii;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = end_of_quotation(text, at);
        if (end == at) {
            ascii += text[at++];
            continue;
        }
        ascii += ascii_quotation(text.substr(at, end - at));
        at = end;
    }
    return ascii;
}

// TOML has no control characters but tabs and the ends of lines, and what is not ASCII in texts and comments only.
Result<> check_characters(std::string_view text, const std::string& file) {
    std::size_t quoted_to = 0;
    char quote = 0;
    for (std::size_t at = 0, line = 1, begin = 0; at < text.size(); at++) {
        const auto c = static_cast<unsigned char>(text[at]);
        const std::size_t quoted_before = quoted_to;
        if (at >= quoted_to)
            quoted_to = end_of_quotation(text, at);
        const bool begins = at >= quoted_before && quoted_to > at && c != '#';
        if (at >= quoted_before)
            quote = text[at];
        if (begins && at > 0 && std::string_view(" \t\r\n=[{,.").find(text[at - 1]) == std::string_view::npos)
            return fail(Errc::malformed, "{}:{}:{}: no text can begin here", file, line, at - begin + 1);
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f ||
            (c > 0x7f && (at >= quoted_to || (quote == '"' && ends_in_escape(text.substr(0, at))))))
            return fail(Errc::malformed, "{}:{}:{}: the character {:#04x} cannot be here", file, line, at - begin + 1,
                        c);
        if (c > 0x7f) {
            const auto character = first_character(text.substr(at, quoted_to - at));
            if (!character)
                return fail(Errc::malformed, "{}:{}:{}: the byte {:#04x} begins no UTF-8 character", file, line,
                            at - begin + 1, c);
            at += character->second - 1;
        }
        if (c == '\n') {
            line++;
            begin = at + 1;
        }
    }
    return {};
}

// For each dot of a key toml++ makes a table in a table, and frees them by recursion: a key with 100,000 dots would
// overflow the stack. Dots in numbers are counted, too, but are few. Texts in quotes and comments are left out.
Result<> check_depth(std::string_view text, const std::string& file) {
    constexpr std::size_t most_dots = 16; // no key of such a file has more than 3
    std::size_t dots = 0, line = 1;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t quoted_to = end_of_quotation(text, at);
        if (quoted_to > at) {
            line += static_cast<std::size_t>(std::ranges::count(text.substr(at, quoted_to - at), '\n'));
            at = quoted_to;
            continue;
        }
        const char c = text[at++];
        line += c == '\n';
        if (std::string_view("\n=[]{},").contains(c))
            dots = 0;
        if (c == '.' && ++dots > most_dots)
            return fail(Errc::malformed, "{}:{}: a key of more than {} parts", file, line, most_dots + 1);
    }
    return {};
}

} // namespace

Result<DesiredState> parse_desired_toml(std::string_view text, const std::string& file) {
    KX_TRY(check_characters(text, file));
    KX_TRY(check_depth(text, file));
    const std::string ascii = ascii_of(text);
    const toml::parse_result parsed = toml::parse(std::string_view(ascii), file);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return fail(Errc::malformed, "{}:{}:{}: {}", file, error.source().begin.line, error.source().begin.column,
                    error.description());
    }
    return TomlReader(file).read(parsed.table());
}

} // namespace kx::ctl
