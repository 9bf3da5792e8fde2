#include <imgcls/core/error.h>
#include <imgcls/weights/parse.h>
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

Listing parse_weights(const ByteSource& file) {
  return looks_like_pth(file) ? parse_pth(file) : parse_safetensors(file);
}

}  // namespace imgcls::weights
