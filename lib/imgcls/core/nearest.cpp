#include <imgcls/core/nearest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace imgcls {
namespace {

std::string_view last_part(std::string_view key) {
  return key.substr(key.rfind('.') + 1);
}

template <class Distance>
std::string nearest(std::size_t limit, std::span<const std::string> candidates,
                    Distance&& distance) {
  std::string best;
  for (const std::string& candidate : candidates) {
    const std::size_t found = distance(candidate);
    if (found > limit || (!best.empty() && found == limit)) continue;
    best = candidate;
    limit = found;
  }
  return best;
}

/// One typing error in three letters may still be meant; of a short word, two, and of one that is
/// hardly a word, one.
std::size_t tolerance(std::string_view word) {
  return word.size() <= 2 ? 1 : std::max<std::size_t>(2, word.size() / 3);
}

std::size_t distance_of_names(std::string_view name, std::string_view candidate) {
  constexpr std::size_t kWord = 3;
  const std::size_t distance = edit_distance(name, candidate);
  if (std::min(name.size(), candidate.size()) < kWord) return distance;
  const bool one_begins_other = name.starts_with(candidate) || candidate.starts_with(name);
  return one_begins_other ? std::min(distance, tolerance(name)) : distance;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t exchanged = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, exchanged});
    }
  }
  return row.back();
}

std::string nearest_key(std::string_view key, std::span<const std::string> candidates) {
  // Of equally near ones, one that is not an ingredient's own.
  std::vector<std::string> by_depth(candidates.begin(), candidates.end());
  std::ranges::stable_sort(by_depth, {},
                           [](const std::string& name) { return std::ranges::count(name, '.'); });
  return nearest(tolerance(last_part(key)), by_depth, [&](const std::string& candidate) {
    return std::min(edit_distance(key, candidate),
                    1 + edit_distance(last_part(key), last_part(candidate)));
  });
}

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  return nearest(tolerance(name), candidates,
                 [&](const std::string& candidate) { return distance_of_names(name, candidate); });
}

std::string listed_names(std::string_view name, std::span<const std::string> candidates) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> names(candidates.begin(), candidates.end());
  if (!nearest_name(name, candidates).empty()) {
    std::ranges::stable_sort(names, {}, [&](const std::string& candidate) {
      return distance_of_names(name, candidate);
    });
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

std::string known_names(std::string_view name, std::span<const std::string> candidates) {
  const std::string near = nearest_name(name, candidates), list = listed_names(name, candidates);
  return near.empty() ? "known: " + list : "did you mean \"" + near + "\"? Known: " + list;
}

}  // namespace imgcls
