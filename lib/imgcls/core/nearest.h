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

/// The candidate nearest to a name; empty where none is near enough. A name that goes on after a
/// candidate, or breaks off before its end, is near ("evaluate", "eval").
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

/// A list of names for a message, cut to five: "resnet18, resnet34, vgg16, alexnet, vit_b_16 and
/// 116 more". The nearest to `name` come first, where one is near enough; else they stay in order.
std::string listed_names(std::string_view name, std::span<const std::string> candidates);

/// The end of a message about a name that is unknown: `did you mean "resnet18"? Known: resnet18,
/// resnet34 ...`, or the list alone where no candidate is near.
std::string known_names(std::string_view name, std::span<const std::string> candidates);

}  // namespace imgcls
