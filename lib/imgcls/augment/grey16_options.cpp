#include <imgcls/augment/grey16_options.h>
#include <imgcls/core/error.h>

#include <fmt/format.h>

#include <string_view>

namespace imgcls::data {
namespace {

[[noreturn]] void refuse(std::string_view setting, std::string_view remedy) {
  throw ConfigError(fmt::format("data.bits=16 and {}: {}", setting, remedy));
}

void require_antialias(Interpolation interpolation, std::string_view section) {
  if (interpolation != Interpolation::bilinear_no_antialias) return;
  refuse(fmt::format("{}.interpolation=bilinear_no_antialias", section),
         "images of 16 bits are resized with bilinear or bicubic");
}

}  // namespace

void require_16_bit_form(const std::variant<AugmentOptions, EvalOptions>& transform) {
  if (const auto* eval = std::get_if<EvalOptions>(&transform)) {
    return require_antialias(eval->interpolation, "eval");
  }
  constexpr std::string_view kRemedy =
      "operations on pixels know 8 bits alone; crop, flip, mix.kinds and erase.prob go with "
      "16";
  const auto& augment = std::get<AugmentOptions>(transform);
  require_antialias(augment.interpolation, "augment");
  if (augment.policy != "none") refuse("augment.policy=" + augment.policy, kRemedy);
  if (!augment.operations.empty()) {
    refuse(fmt::format("augment.operations with {}", augment.operations.front().name), kRemedy);
  }
  if (augment.views > 1) refuse(fmt::format("augment.views={}", augment.views), kRemedy);
}

}  // namespace imgcls::data
