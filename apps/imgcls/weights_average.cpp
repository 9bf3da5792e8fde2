// imgcls weights average: the mean of several files of weights of the same model.
#include "commands.h"
#include "weights.h"

#include <imgcls/core/error.h>
#include <imgcls/models/weights.h>
#include <imgcls/models/weights_file.h>
#include <imgcls/train/program.h>
#include <imgcls/train/run_weights.h>
#include <imgcls/weights/parse.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

struct WeightsAverageArguments {
  std::vector<std::string> inputs;
  std::string output, key;
};

using Files = std::deque<models::WeightsFile>;

/// The tensor in `file` that is to be averaged with `like`, which stands in `first`.
const weights::StoredTensor& counterpart(const models::WeightsFile& file,
                                         const weights::StoredTensor& like,
                                         const models::WeightsFile& first) {
  const auto& tensors = file.listing().tensors;
  const auto found = std::ranges::find(tensors, like.name, &weights::StoredTensor::name);
  if (found == tensors.end()) {
    throw WeightsError(
        fmt::format("{} lacks {}, which {} has", file.name(), like.name, first.name()));
  }
  if (found->shape != like.shape || found->type != like.type) {
    throw WeightsError(fmt::format("{} of {} is {} {}, of {} it is {} {}", like.name, file.name(),
                                   weights::info(found->type).name, found->shape, first.name(),
                                   weights::info(like.type).name, like.shape));
  }
  return *found;
}

/// The mean, summed in double precision in the order of the files; of whole numbers, such as a
/// count of batches, the last file's.
at::Tensor average(const Files& files, const weights::StoredTensor& tensor) {
  const auto& last = files.back();
  at::Tensor newest = last.read(counterpart(last, tensor, files.front()));
  if (!newest.is_floating_point() && !newest.is_complex()) return newest;
  const auto type = newest.is_complex() ? at::kComplexDouble : at::kDouble;
  at::Tensor sum;
  for (const auto& file : files) {
    const at::Tensor values = file.read(counterpart(file, tensor, files.front())).to(type);
    sum = sum.defined() ? sum + values : values;
  }
  return (sum / static_cast<double>(files.size())).to(newest.scalar_type());
}

int run(const WeightsAverageArguments& arguments) {
  (void)weights::format_of_name(arguments.output);  // before anything is read
  Files files;
  for (const std::string& input : arguments.inputs) {
    files.emplace_back(train::weights_at(input, Log()), arguments.key);
    report_choice(files.back());
  }
  const std::size_t count = files.front().listing().tensors.size();
  for (const auto& file : files) {
    if (file.listing().tensors.size() != count) {
      throw WeightsError(fmt::format("{} has {} tensors and {} has {}", files.front().name(), count,
                                     file.name(), file.listing().tensors.size()));
    }
  }
  const at::NoGradGuard no_grad;
  std::vector<models::NamedTensor> mean;
  for (const auto& tensor : files.front().listing().tensors) {
    mean.push_back({tensor.name, average(files, tensor)});
  }
  models::write_weights(arguments.output, mean);
  fmt::print("{}: {} tensors, the mean of {} files\n", arguments.output, count, files.size());
  return train::kSuccess;
}

}  // namespace

void add_weights_average(CLI::App& weights, std::function<int()>& chosen) {
  auto arguments = std::make_shared<WeightsAverageArguments>();
  CLI::App* command =
      weights.add_subcommand("average", "Write the mean of several files of the same model");
  command
      ->add_option("FILE", arguments->inputs,
                   "Safetensors files, .pth of any age, or runs' folders")
      ->required();
  command->add_option("-o,--output", arguments->output, "NAME.safetensors or NAME.pth")->required();
  add_key(*command, arguments->key);
  command->footer(
      "Example:\n"
      "  imgcls weights average run/checkpoints/step-*/weights.safetensors -o mean.safetensors\n"
      "Sums are in double precision. Of whole numbers, such as batch norm's count of batches, the "
      "last\nfile's are taken.");
  command->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace imgcls::cli
