#pragma once
// What can be done to images of 16 bits. Internal to imgcls.

#include <imgcls/augment/transform.h>

#include <variant>

namespace imgcls::data {

/// Throws ConfigError for what they cannot have: operations on pixels, which know 8 bits (policy,
/// chain and views), and resizing without antialias.
void require_16_bit_form(const std::variant<AugmentOptions, EvalOptions>& transform);

}  // namespace imgcls::data
