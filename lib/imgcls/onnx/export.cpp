#include <imgcls/core/error.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/onnx/converter.h>
#include <imgcls/onnx/export.h>

#include <fmt/format.h>

namespace imgcls::onnx {
namespace {

constexpr auto kImages = "images", kLogits = "logits";

const Translations& translations() {
  static const Translations all = [] {
    Translations made;
    add_layers(made);
    add_elementwise(made);
    add_shapes(made);
    return made;
  }();
  return all;
}

void require_float_on_cpu(const std::vector<models::NamedTensor>& state) {
  for (const models::NamedTensor& item : state) {
    if (!item.tensor.is_cpu() ||
        (item.tensor.is_floating_point() && item.tensor.scalar_type() != at::kFloat)) {
      throw Error(fmt::format("ONNX: {} must be float and on the CPU", item.name));
    }
  }
}

}  // namespace

void export_model(const models::Model& model, const std::filesystem::path& path,
                  const ExportOptions& options) {
  const auto state = models::state(model);
  require_float_on_cpu(state);
  const Trace pass = trace(model, options.image_size);
  Builder builder(state);
  builder.set_name(pass.images, kImages);
  builder.set_images(kImages);
  for (const TracedOp& op : pass.ops) {
    const auto translation = translations().find(op.name);
    if (translation == translations().end()) {
      throw Error(fmt::format("ONNX: {} uses aten::{}, which has no translation here", model.name(),
                              op.name));
    }
    translation->second(Call(op, builder));
  }
  const std::string logits = builder.name(pass.logits);
  ModelFile file{
      .name = model.name(),
      .input = {kImages, {models::channels_of(model), options.image_size, options.image_size}},
      .output = {kLogits, {pass.logits->sizes_of_two.at(1)}},
      .nodes = builder.take_nodes(),
      .initializers = builder.initializers(),
      .metadata = options.metadata};
  file.nodes.push_back({"Identity", {logits}, {kLogits}});
  write(file, path);
}

}  // namespace imgcls::onnx
