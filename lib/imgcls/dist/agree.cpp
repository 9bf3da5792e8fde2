#include <imgcls/core/error_text.h>
#include <imgcls/dist/agree.h>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace imgcls::dist {
namespace {

constexpr char kEnd = '\0';  // of a name or a value on its way to other ranks

std::string pack(std::span<const Field> fields) {
  std::string text;
  for (const Field& field : fields) text += field.name + kEnd + field.value + kEnd;
  return text;
}

std::vector<Field> unpack(std::string_view text) {
  const auto take = [&text] {
    const std::size_t end = text.find(kEnd);
    std::string piece(text.substr(0, end));
    text.remove_prefix(end + 1);
    return piece;
  };
  std::vector<Field> fields;
  while (!text.empty()) {
    std::string name = take();
    fields.push_back({std::move(name), take()});
  }
  return fields;
}

const Field* find(std::span<const Field> fields, const std::string& name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

/// How `mine`, of rank `rank`, differs from rank 0's; empty where it does not.
std::string difference(std::span<const Field> first, std::span<const Field> mine, int rank) {
  std::vector<std::string> names;
  for (const Field& field : first) {
    const Field* own = find(mine, field.name);
    if (!own || own->value != field.value) names.push_back(field.name);
  }
  for (const Field& field : mine) {
    if (!find(first, field.name)) names.push_back(field.name);
  }
  if (names.empty()) return "";
  const auto value = [&names](const Field* field) { return field ? field->value : "nothing"; };
  return fmt::format("ranks 0 and {} differ in {}: {} against {}{}", rank, names.front(),
                     value(find(first, names.front())), value(find(mine, names.front())),
                     names.size() > 1 ? fmt::format(" (and in {} more)", names.size() - 1) : "");
}

}  // namespace

void agree(World& world, const std::function<void()>& work) {
  std::string said;  // the kind of error, then its message
  try {
    work();
  } catch (const ConfigError& e) {
    said = std::string("c") + e.what();
  } catch (const std::exception& e) {
    said = "e" + error_text(e);
  }
  const std::vector<std::string> all = world.gather(said);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank].empty()) continue;
    const std::string message = all[rank].substr(1);
    throw AgreedError(rank == 0 ? message : fmt::format("rank {}: {}", rank, message),
                      all[rank].front() == 'c');
  }
}

void require_equal(World& world, std::span<const Field> fields, std::string_view advice) {
  const std::string packed = pack(fields), first = world.broadcast(packed);
  const std::string mine = packed == first ? "" : difference(unpack(first), fields, world.rank());
  for (const std::string& message : world.gather(mine)) {
    if (!message.empty()) throw AgreedError(fmt::format("{}. {}", message, advice));
  }
}

}  // namespace imgcls::dist
