#include <imgcls/core/error.h>
#include <imgcls/weights/foreign_file.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/part.h>
#include <imgcls/weights/pth.h>
#include <imgcls/weights/safetensors.h>

#include <fmt/format.h>

namespace imgcls::weights {

Format format_of_name(std::string_view name) {
  if (name.ends_with(".safetensors")) return Format::safetensors;
  if (name.ends_with(".pth") || name.ends_with(".pt") || name.ends_with(".bin")) return Format::pth;
  throw ConfigError(fmt::format(
      "{} has no ending that says its format; expected .safetensors, .pth, .pt or .bin", name));
}

Listing parse_weights(const ByteSource& file, std::string_view key) {
  // A safetensors file's length may be the first bytes of any other format.
  if (!looks_like_safetensors(file)) {
    if (looks_like_pth(file)) return parse_pth(file, key);
    throw WeightsError(
        fmt::format("{} holds no weights: it is {}", file.name(), describe_foreign(file)));
  }
  Listing listing = parse_safetensors(file);
  if (!key.empty()) take_part(listing, key, file.name());
  return listing;
}

}  // namespace imgcls::weights
