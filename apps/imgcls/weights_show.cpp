// imgcls weights show: what a file of weights holds.
#include "commands.h"
#include "exact_values.h"
#include "weights.h"

#include <imgcls/core/nan_sign.h>
#include <imgcls/models/weights_file.h>
#include <imgcls/train/program.h>
#include <imgcls/train/run_weights.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/mean.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <type_traits>

namespace imgcls::cli {
namespace {

struct WeightsShowArguments {
  std::string file, key;
  bool values = false;
};

/// A number as short as six digits tell it; a whole one with all its digits.
template <typename T>
std::string text_of(T number) {
  if constexpr (std::is_integral_v<T>) {
    return fmt::format("{}", number);
  } else {
    return fmt::format("{:.6g}", without_nan_sign(number));
  }
}

/// Smallest and largest value and their mean, NaN where a value is one; nothing for complex numbers
/// and empty tensors.
std::string values_of(const at::Tensor& tensor) {
  if (tensor.is_complex() || tensor.numel() == 0) return "";
  const at::NoGradGuard no_grad;
  const auto mean = at::mean(tensor.to(at::kDouble)).item<double>();
  return with_exact_values(tensor, [mean](auto values) {
    const auto is_nan = [](auto value) { return std::isnan(static_cast<double>(value)); };
    if (std::ranges::any_of(values, is_nan)) return std::string("  min nan  max nan  mean nan");
    const auto [least, most] = std::ranges::minmax(values);
    return fmt::format("  min {}  max {}  mean {}", text_of(least), text_of(most), text_of(mean));
  });
}

int run(const WeightsShowArguments& arguments) {
  const models::WeightsFile file(train::weights_at(arguments.file, Log()), arguments.key);
  report_choice(file);
  const auto& tensors = file.listing().tensors;
  std::size_t width = 0;
  for (const auto& tensor : tensors) width = std::max(width, tensor.name.size());
  std::uint64_t values = 0, bytes = 0;
  for (const auto& tensor : tensors) {
    values += tensor.count();
    bytes += tensor.bytes();
    fmt::print("{:{}}  {:8}  {}{}\n", tensor.name, width, weights::info(tensor.type).name,
               tensor.shape, arguments.values ? values_of(file.read(tensor)) : "");
  }
  fmt::print("{} tensors, {} values, {} bytes\n", tensors.size(), values, bytes);
  return train::kSuccess;
}

}  // namespace

void add_weights_show(CLI::App& weights, std::function<int()>& chosen) {
  auto arguments = std::make_shared<WeightsShowArguments>();
  CLI::App* command = weights.add_subcommand(
      "show", "List the tensors of a file: names, types, shapes, and how many bytes they have");
  command->add_option("FILE", arguments->file, kAnyWeights)->required();
  add_key(*command, arguments->key);
  command->add_flag("--values", arguments->values,
                    "Also each tensor's smallest and largest value and the mean");
  command->footer(
      "Examples:\n"
      "  imgcls weights show model.pth\n"
      "  imgcls weights show --key state_dict_ema checkpoint.pth\n"
      "  imgcls weights show --values runs/a");
  command->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace imgcls::cli
