#pragma once
// A part of what a file of weights holds, by the key that a user gives. Internal to
// imgcls::weights.

#include <imgcls/weights/listing.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::weights {

/// How messages say that a user is to choose.
inline constexpr std::string_view kHowToChoose = "choose one by its key (--key, model.weights_key)";

/// For messages: cut off where it is endless; the same in quotation marks.
std::string shortened(std::string_view text);
std::string in_quotes(std::string_view text);
/// All of them, with commas between.
std::string in_quotes(const std::vector<std::string>& texts);

/// "there is nothing under ..., but ...".
std::string no_such_key(std::string_view key, const std::vector<std::string>& keys);

/// What remains of a dotted path behind its first keys; nothing where it begins otherwise.
std::optional<std::string_view> behind(std::string_view path, std::string_view keys);

/// Keeps the first key of a dotted name, as many keys as a message holds.
void add_first_key(std::string_view name, std::vector<std::string>& keys);

/// Leaves the tensors whose names begin with `key` and a dot, without that. Throws WeightsError,
/// whose message begins with `source`, where there is none.
void take_part(Listing& listing, std::string_view key, std::string_view source);

}  // namespace imgcls::weights
