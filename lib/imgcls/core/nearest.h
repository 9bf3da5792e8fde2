#pragma once
// "Did you mean ...?": the nearest of the names that exist.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace imgcls {

/// Levenshtein's distance: how many bytes must be put in, left out or exchanged to turn one text
/// into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to a dotted key; empty where none is near enough to be what was meant. A
/// key whose last part is right is near wherever it stands: "train.lr" is near "optimizer.lr".
std::string nearest_key(std::string_view key, std::span<const std::string> candidates);

/// The candidate nearest to a name; empty where none is near enough.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace imgcls
