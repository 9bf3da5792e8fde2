#pragma once
// Files of weights, damaged. `parse` is what lists a ByteSource.

#include <imgcls/core/byte_source.h>
#include <imgcls/core/error.h>
#include <imgcls/weights/listing.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/pth.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace imgcls::test {

using Bytes = std::vector<std::byte>;

inline constexpr auto kAnyFormat = [](const ByteSource& file) {
  return weights::parse_weights(file);
};
inline constexpr auto kPth = [](const ByteSource& file) { return weights::parse_pth(file); };

/// What is wrong with a file; "accepted" where nothing is. Other exceptions go through.
template <class Parse>
std::string refusal(const Parse& parse, const Bytes& bytes) {
  try {
    (void)parse(MemorySource(bytes, "the file"));
    return "accepted";
  } catch (const WeightsError& e) {
    return e.what();
  }
}

inline std::string refusal(const Bytes& bytes) {
  return refusal(kAnyFormat, bytes);
}

template <class Parse>
std::optional<weights::Listing> try_parse(const Parse& parse, const Bytes& bytes) {
  try {
    return parse(MemorySource(bytes, "the file"));
  } catch (const WeightsError& e) {
    CHECK(std::string(e.what()).starts_with("the file "));
    return {};
  }
}

/// Every truncation of `good` is refused.
template <class Parse>
void check_truncations(const Parse& parse, const Bytes& good, std::size_t step) {
  for (std::size_t size = 0; size < good.size(); size += step) {
    INFO("truncated to " << size);
    CHECK_FALSE(try_parse(parse, {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
}

/// Without the places of what has no bytes, which do not matter.
inline weights::Listing without_empty_places(weights::Listing listing) {
  for (weights::Place& place : listing.storages) {
    if (place.size == 0) place.offset = 0;
  }
  return listing;
}

/// How often a file with a single flipped bit is listed otherwise than the good one, instead of
/// being refused or, where the bit has no meaning, listed in the same way.
template <class Parse>
std::size_t misread_flips(const Parse& parse, const Bytes& good, std::size_t step) {
  const weights::Listing right = without_empty_places(parse(MemorySource(good, "good")));
  std::size_t misread = 0;
  Bytes bad = good;
  for (std::size_t at = 0; at < good.size(); at += step) {
    for (int bit = 0; bit < 8; ++bit) {
      bad[at] ^= std::byte{1} << bit;
      const auto listing = try_parse(parse, bad);
      if (listing && without_empty_places(*listing) != right) ++misread;
      bad[at] ^= std::byte{1} << bit;
    }
  }
  return misread;
}

}  // namespace imgcls::test
