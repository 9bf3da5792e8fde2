#include <imgcls/core/error.h>
#include <imgcls/onnx/converter.h>

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>

namespace imgcls::onnx {
namespace {

bool same_memory(const at::Tensor& a, const at::Tensor& b) {
  return a.const_data_ptr() == b.const_data_ptr() && a.sizes() == b.sizes() &&
         a.strides() == b.strides();
}

DataType type_of(const at::Tensor& tensor, std::string_view name) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return DataType::float32;
    case at::kLong:
      return DataType::int64;
    case at::kBool:
      return DataType::boolean;
    default:
      throw Error(fmt::format("ONNX: {} is {}; float, int64 and bool are written", name,
                              c10::toString(tensor.scalar_type())));
  }
}

}  // namespace

std::string Builder::name(const TracedValuePtr& value) {
  if (const auto known = names_.find(value->id); known != names_.end()) return known->second;
  const c10::IValue& constant_value = value->constant;
  std::string made;
  if (constant_value.isTensor()) {
    made = constant(constant_value.toTensor());
  } else if (constant_value.isScalar()) {
    made = constant(constant_value.toScalar().toDouble());
  } else {
    throw Error("ONNX: a value that is not a tensor is used as one");
  }
  names_[value->id] = made;
  return made;
}

void Builder::set_name(const TracedValuePtr& value, std::string name) {
  names_[value->id] = std::move(name);
}

std::string Builder::constant(const at::Tensor& tensor) {
  const auto known = std::ranges::find_if(
      state_, [&](const models::NamedTensor& item) { return same_memory(item.tensor, tensor); });
  std::string made = known == state_.end() ? fresh("constant") : known->name;
  tensors_.try_emplace(made, tensor.detach().contiguous());
  return made;
}

std::string Builder::constant(const Sizes& numbers) {
  return constant(at::tensor(numbers, at::kLong));
}

std::string Builder::constant(double number) {
  return constant(at::scalar_tensor(number, at::kFloat));
}

std::string Builder::node(std::string op, std::vector<std::string> inputs,
                          std::vector<std::pair<std::string, Attribute>> attributes) {
  return nodes(std::move(op), std::move(inputs), 1, std::move(attributes)).front();
}

std::vector<std::string> Builder::nodes(std::string op, std::vector<std::string> inputs,
                                        std::size_t outputs,
                                        std::vector<std::pair<std::string, Attribute>> attributes) {
  Node made{std::move(op), std::move(inputs), {}, std::move(attributes)};
  for (std::size_t i = 0; i < outputs; ++i) made.outputs.push_back(fresh(made.op));
  nodes_.push_back(made);
  return made.outputs;
}

std::string Builder::fresh(std::string_view stem) {
  return fmt::format("{}_{}", stem, made_++);
}

std::string Builder::batch() {
  if (batch_.empty()) {
    batch_ = node("Shape", {images_}, {{"start", std::int64_t{0}}, {"end", std::int64_t{1}}});
  }
  return batch_;
}

std::string Builder::sizes(const TracedValue& value) {
  const Sizes &two = value.sizes_of_two, &three = value.sizes_of_three;
  if (two == three) return constant(two);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < two.size(); ++i) {
    if (two[i] == three[i]) {
      parts.push_back(constant(Sizes{two[i]}));
    } else if (two[i] % 2 == 0 && two[i] / 2 * 3 == three[i]) {
      parts.push_back(two[i] == 2 ? batch() : node("Mul", {batch(), constant(Sizes{two[i] / 2})}));
    } else {
      throw Error(
          fmt::format("ONNX: a size is {} for two images and {} for three", two[i], three[i]));
    }
  }
  return node("Concat", parts, {{"axis", std::int64_t{0}}});
}

std::string Builder::reshape_sizes(const TracedValue& value) {
  Sizes open = value.sizes_of_two;
  int varying = 0;
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (open[i] == value.sizes_of_three[i]) continue;
    open[i] = -1;
    ++varying;
  }
  return varying <= 1 ? constant(open) : sizes(value);
}

std::vector<Initializer> Builder::initializers() const {
  std::vector<Initializer> all;
  for (const auto& [name, tensor] : tensors_) {
    all.push_back(
        {name, type_of(tensor, name), tensor.sizes().vec(),
         std::span(static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes())});
  }
  return all;
}

// ---- Call ---------------------------------------------------------------------------------------

void Call::refuse(std::string_view why) const {
  throw Error(fmt::format("ONNX: aten::{} has no translation here: {}", op_.name, why));
}

const c10::IValue& Call::known(std::size_t i) const {
  const TracedValue& value = *op_.inputs.at(i);
  if (value.varies) refuse(fmt::format("argument {} depends on the number of images", i));
  return value.constant;
}

bool Call::has(std::size_t i) const {
  return i < op_.inputs.size() &&
         (!op_.inputs[i]->constant.isNone() || !op_.inputs[i]->sizes_of_two.empty());
}

std::vector<std::string> Call::tensors(std::size_t i) const {
  std::vector<std::string> names;
  for (const TracedValuePtr& item : op_.lists.at(i)) names.push_back(builder_.name(item));
  return names;
}

std::int64_t Call::integer(std::size_t i) const {
  if (!known(i).isInt()) refuse(fmt::format("argument {} is not a known whole number", i));
  return known(i).toInt();
}

double Call::number(std::size_t i) const {
  if (!known(i).isScalar()) refuse(fmt::format("argument {} is not a known number", i));
  return known(i).toScalar().toDouble();
}

bool Call::flag(std::size_t i) const {
  return known(i).toBool();
}

std::string Call::text(std::size_t i) const {
  return known(i).toStringRef();
}

Sizes Call::integers(std::size_t i) const {
  if (known(i).isInt()) return {known(i).toInt()};
  if (!known(i).isIntList()) refuse(fmt::format("argument {} is not a list of known numbers", i));
  return known(i).toIntVector();
}

std::int64_t Call::dimension(std::size_t i, std::int64_t of_input) const {
  const std::int64_t given = integer(i);
  return given < 0 ? given + rank(static_cast<std::size_t>(of_input)) : given;
}

}  // namespace imgcls::onnx
