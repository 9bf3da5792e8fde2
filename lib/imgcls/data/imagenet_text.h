#pragma once
// The text of imagenet_classes.txt. Internal to imgcls::data.

#include <string_view>

namespace imgcls::data {

extern const std::string_view kImageNetText;

}  // namespace imgcls::data
