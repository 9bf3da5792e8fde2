#include <imgcls/core/error.h>
#include <imgcls/weights/pickled_tensors.h>

#include <fmt/format.h>

#include <utility>

namespace imgcls::weights {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;
using Numbers = std::span<const std::uint32_t>;

constexpr std::string_view kTensor = "torch._utils._rebuild_tensor",
                           kTensor2 = "torch._utils._rebuild_tensor_v2",
                           kTensor3 = "torch._utils._rebuild_tensor_v3",
                           kParameter = "torch._utils._rebuild_parameter",
                           kParameterWithState = "torch._utils._rebuild_parameter_with_state",
                           kUntyped = "torch.storage.UntypedStorage";

}  // namespace

std::string_view called(const Pickle& pickle, std::uint32_t number) {
  const Value& value = pickle.at(number);
  return value.kind == Kind::call ? std::string_view(pickle.at(value.items[0]).text) : "";
}

Numbers arguments(const Pickle& pickle, std::uint32_t call) {
  return pickle.at(pickle.at(call).items[1]).items;
}

std::vector<std::string> tensor_names() {
  std::vector<std::string> names;
  for (const auto name : {kTensor, kTensor2, kTensor3, kParameter, kParameterWithState, kUntyped}) {
    names.emplace_back(name);
  }
  for (int i = 0; i <= static_cast<int>(DType::complex32); ++i) {
    const DTypeInfo& type = info(static_cast<DType>(i));
    names.push_back(fmt::format("torch.{}", type.name));
    if (!type.storage.empty()) names.push_back(fmt::format("torch.{}", type.storage));
  }
  return names;
}

void refuse_state_dict(std::string_view source, std::string_view why) {
  throw WeightsError(fmt::format("{} holds no usable state dict: {}", source, why));
}

PickledTensors::PickledTensors(const Pickle& pickle, std::string_view source)
    : pickle_(pickle), source_(source) {
  for (std::uint32_t i = 0; i < pickle_.size(); ++i) {
    if (pickle_.at(i).kind == Kind::persistent) add_storage(i);
  }
}

bool PickledTensors::is_tensor(std::uint32_t number) const {
  const std::string_view name = called(pickle_, number);
  return name == kTensor || name == kTensor2 || name == kTensor3 || name == kParameter ||
         name == kParameterWithState;
}

void PickledTensors::fail_tensor(std::string_view name) const {
  refuse_state_dict(source_,
                    fmt::format("\"{}\" is not described as PyTorch describes a tensor", name));
}

std::optional<std::uint64_t> PickledTensors::natural(std::uint32_t number) const {
  const Value& value = pickle_.at(number);
  if (value.kind != Kind::integer || value.integer < 0) return {};
  return static_cast<std::uint64_t>(value.integer);
}

std::uint64_t PickledTensors::bytes_of(std::uint32_t count, std::size_t width) const {
  const auto values = natural(count);
  std::uint64_t bytes = 0;
  if (!values || __builtin_mul_overflow(*values, width, &bytes)) {
    refuse_state_dict(source_, "a storage's size is none");
  }
  return bytes;
}

void PickledTensors::add_storage(std::uint32_t number) {
  const Value& description = pickle_.at(pickle_.at(number).items[0]);
  const auto& parts = description.items;
  if (description.kind != Kind::tuple || parts.size() < 5 || parts.size() > 6 ||
      pickle_.at(parts[0]).text != "storage" || pickle_.at(parts[2]).kind != Kind::text) {
    refuse_state_dict(source_, "a storage is not described as PyTorch does");
  }
  const std::string& class_name = pickle_.at(parts[1]).text;
  constexpr std::string_view kTorch = "torch.";
  const DTypeInfo* type = class_name.starts_with(kTorch)
                              ? find_storage_dtype(class_name.substr(kTorch.size()))
                              : nullptr;
  if (type == nullptr && class_name != kUntyped) {
    refuse_state_dict(source_, fmt::format("a storage is of the class \"{}\"", class_name));
  }
  const std::size_t width = type == nullptr ? 1 : type->bytes;
  const std::string& key = pickle_.at(parts[2]).text;
  const PickledStorage storage{key, width, bytes_of(parts[4], width)};
  const auto [known, is_new] = storage_numbers_.emplace(key, storages_.size());
  if (is_new) {
    storages_.push_back(storage);
  } else if (storages_[known->second].bytes != storage.bytes) {
    refuse_state_dict(source_, fmt::format("storage {} is of two sizes", key));
  }
  View view{known->second, 0, storage.bytes, type};
  if (parts.size() == 6) restrict(view, parts[5], width);
  views_.emplace(number, view);
}

void PickledTensors::restrict(View& view, std::uint32_t number, std::size_t width) const {
  const Value& description = pickle_.at(number);
  if (description.kind == Kind::none) return;
  if (description.kind != Kind::tuple || description.items.size() != 3) {
    refuse_state_dict(source_, "a storage's view is not described as PyTorch does");
  }
  const std::uint64_t whole = view.size;
  view.offset = bytes_of(description.items[1], width);
  view.size = bytes_of(description.items[2], width);
  if (view.offset > whole || view.size > whole - view.offset) {
    refuse_state_dict(source_, "a storage's view reaches out of it");
  }
}

std::optional<std::vector<std::int64_t>> PickledTensors::sizes(std::uint32_t number) const {
  const Value* value = &pickle_.at(number);
  if (called(pickle_, number) == "torch.Size" && arguments(pickle_, number).size() == 1) {
    value = &pickle_.at(arguments(pickle_, number)[0]);
  }
  if (value->kind != Kind::tuple || value->items.size() > kMaxDimensions) return {};
  std::vector<std::int64_t> sizes;
  for (const std::uint32_t item : value->items) {
    if (pickle_.at(item).kind != Kind::integer) return {};
    sizes.push_back(pickle_.at(item).integer);
  }
  return sizes;
}

const DTypeInfo* PickledTensors::type_of(const View& view, std::uint32_t number,
                                         Numbers given) const {
  if (called(pickle_, number) != kTensor3) return view.type;
  constexpr std::string_view kTorch = "torch.";
  if (given.size() < 7) return nullptr;
  const std::string& name = pickle_.at(given[6]).text;
  return name.starts_with(kTorch) ? find_dtype(name.substr(kTorch.size())) : nullptr;
}

// A call with (storage, offset, shape, strides, ...), or a parameter made of one.
StoredTensor PickledTensors::read(const std::string& name, std::uint32_t number) const {
  const std::string_view function = called(pickle_, number);
  const Numbers given = arguments(pickle_, number);
  if (function == kParameter || function == kParameterWithState) {
    if (given.empty() || !is_tensor(given[0]) ||
        called(pickle_, given[0]).starts_with(kParameter)) {
      fail_tensor(name);
    }
    return read(name, given[0]);
  }
  if (given.size() < 4) fail_tensor(name);
  const auto view = views_.find(given[0]);
  const auto offset = natural(given[1]);
  const auto shape = sizes(given[2]), strides = sizes(given[3]);
  if (view == views_.end() || !offset || !shape || !strides) fail_tensor(name);
  const DTypeInfo* type = type_of(view->second, number, given);
  if (type == nullptr) fail_tensor(name);
  return {.name = name,
          .type = type->type,
          .shape = *shape,
          .strides = *strides,
          .storage = view->second.storage,
          .offset = view_offset(name, view->second, type->bytes, *offset)};
}

std::uint64_t PickledTensors::view_offset(const std::string& name, const View& view,
                                          std::size_t width, std::uint64_t offset) const {
  if (view.offset % width != 0 || offset > view.size / width) fail_tensor(name);
  return view.offset / width + offset;
}

}  // namespace imgcls::weights
