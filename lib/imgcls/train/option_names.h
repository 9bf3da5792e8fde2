#pragma once
// What configurations call the values of options. Internal to train/.

#include <imgcls/core/error.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/transform.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/schedule.h>
#include <imgcls/train/options.h>

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace imgcls::train {

template <class Value, std::size_t count>
using Names = std::array<std::pair<Value, std::string_view>, count>;

inline constexpr Names<data::Interpolation, 3> kInterpolations{
    {{data::Interpolation::bilinear, "bilinear"},
     {data::Interpolation::bicubic, "bicubic"},
     {data::Interpolation::bilinear_no_antialias, "bilinear_no_antialias"}}};
inline constexpr Names<data::CropKind, 4> kCrops{
    {{data::CropKind::random_resized, "random_resized"},
     {data::CropKind::random_resized_dali, "random_resized_dali"},
     {data::CropKind::pad, "pad"},
     {data::CropKind::none, "none"}}};
inline constexpr Names<data::PadMode, 2> kPadModes{
    {{data::PadMode::zero, "zero"}, {data::PadMode::reflect, "reflect"}}};
inline constexpr Names<data::OnError, 2> kOnErrors{
    {{data::OnError::stop, "stop"}, {data::OnError::skip, "skip"}}};
inline constexpr Names<optim::OptimizerKind, 2> kOptimizers{
    {{optim::OptimizerKind::adam, "adam"}, {optim::OptimizerKind::sgd, "sgd"}}};
inline constexpr Names<optim::ScheduleKind, 2> kSchedules{
    {{optim::ScheduleKind::cosine, "cosine"}, {optim::ScheduleKind::constant, "constant"}}};
inline constexpr Names<Precision, 4> kPrecisions{{{Precision::fp32, "fp32"},
                                                  {Precision::bf16, "bf16"},
                                                  {Precision::fp16, "fp16"},
                                                  {Precision::automatic, "auto"}}};
inline constexpr Names<Resume, 3> kResumes{
    {{Resume::automatic, "auto"}, {Resume::never, "never"}, {Resume::changed, "changed"}}};
inline constexpr Names<dist::Compression, 2> kCompressions{
    {{dist::Compression::none, "none"}, {dist::Compression::fp16, "fp16"}}};

/// The name of a value; each has one.
template <class Value, std::size_t count>
std::string name_in(const Names<Value, count>& names, Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return std::string(name);
  }
  throw Error("an option has a value without a name");
}

/// The value of that name. Throws ConfigError where the schema knows more names than this program.
template <class Value, std::size_t count>
Value value_in(const Names<Value, count>& names, const std::string& wanted) {
  for (const auto& [value, name] : names) {
    if (name == wanted) return value;
  }
  throw ConfigError(fmt::format("the value \"{}\" is unknown here", wanted));
}

}  // namespace imgcls::train
