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
                           kFromType = "torch._tensor._rebuild_from_type_v2",
                           kUntyped = "torch.storage.UntypedStorage", kTorch = "torch.";

bool is_parameter(std::string_view function) {
  return function == kParameter || function == kParameterWithState;
}

bool makes_tensor(std::string_view function) {
  return function == kTensor || function == kTensor2 || function == kTensor3 ||
         is_parameter(function);
}

/// A plain tensor that has attributes of its own is rebuilt so: (function, class, arguments,
/// state).
bool is_plain_class(std::string_view name) {
  return name == "torch.Tensor" || name == "torch.nn.parameter.Parameter";
}

}  // namespace

std::string_view called(const Pickle& pickle, std::uint32_t number) {
  const Value& value = pickle.at(number);
  if (value.kind != Kind::call) return "";
  const Value& function = pickle.at(value.items[0]);
  return function.kind == Kind::global ? std::string_view(function.text) : "";
}

Numbers arguments(const Pickle& pickle, std::uint32_t call) {
  return pickle.at(pickle.at(call).items[1]).items;
}

void refuse_state_dict(std::string_view source, std::string_view why) {
  throw WeightsError(fmt::format("{} holds no usable state dict: {}", source, why));
}

PickledTensors::PickledTensors(const Pickle& pickle, std::string_view source)
    : pickle_(pickle), source_(source) {
  for (std::uint32_t i = 0; i < pickle_.size(); ++i) {
    // What is none is refused where a tensor wants it.
    if (pickle_.at(i).kind == Kind::persistent) (void)add_storage(i);
  }
}

std::optional<PickledTensors::Made> PickledTensors::made(std::uint32_t number) const {
  const std::string_view function = called(pickle_, number);
  if (makes_tensor(function)) return Made{function, arguments(pickle_, number)};
  if (function != kFromType) return {};
  const Numbers given = arguments(pickle_, number);
  if (given.size() < 3 || pickle_.at(given[2]).kind != Kind::tuple) return {};
  const std::string_view inner = pickle_.at(given[0]).text;
  if (!makes_tensor(inner) || !is_plain_class(pickle_.at(given[1]).text)) return {};
  return Made{inner, pickle_.at(given[2]).items};
}

bool PickledTensors::is_tensor(std::uint32_t number) const {
  return made(number).has_value();
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

std::optional<std::uint64_t> PickledTensors::bytes_of(std::uint32_t count,
                                                      std::size_t width) const {
  const auto values = natural(count);
  std::uint64_t bytes = 0;
  if (!values || __builtin_mul_overflow(*values, width, &bytes)) return {};
  return bytes;
}

std::string PickledTensors::add_storage(std::uint32_t number) {
  const Value& description = pickle_.at(pickle_.at(number).items[0]);
  const auto& parts = description.items;
  if (description.kind != Kind::tuple || parts.size() < 5 || parts.size() > 6 ||
      pickle_.at(parts[0]).text != "storage" || pickle_.at(parts[2]).kind != Kind::text) {
    return "its storage is not described as PyTorch does";
  }
  const std::string& class_name = pickle_.at(parts[1]).text;
  const DTypeInfo* type = class_name.starts_with(kTorch)
                              ? find_storage_dtype(class_name.substr(kTorch.size()))
                              : nullptr;
  if (type == nullptr && class_name != kUntyped) {
    return fmt::format("its storage is of the class \"{}\"", class_name);
  }
  const std::size_t width = type == nullptr ? 1 : type->bytes;
  const auto bytes = bytes_of(parts[4], width);
  if (!bytes) return "its storage's size is none";
  const std::string& key = pickle_.at(parts[2]).text;
  const auto known = storage_numbers_.find(key);
  const bool is_new = known == storage_numbers_.end();
  if (!is_new && storages_[known->second].bytes != *bytes) return "its storage is of two sizes";
  View view{is_new ? storages_.size() : known->second, 0, *bytes, type};
  if (parts.size() == 6 && !restrict(view, parts[5], width)) {
    return "its storage's view is not inside the storage";
  }
  if (is_new) {
    storage_numbers_.emplace(key, storages_.size());
    storages_.push_back({key, width, *bytes});
  }
  views_.insert_or_assign(number, view);
  return "";
}

bool PickledTensors::restrict(View& view, std::uint32_t number, std::size_t width) const {
  const Value& description = pickle_.at(number);
  if (description.kind == Kind::none) return true;
  if (description.kind != Kind::tuple || description.items.size() != 3) return false;
  const auto offset = bytes_of(description.items[1], width),
             size = bytes_of(description.items[2], width);
  if (!offset || !size || *offset > view.size || *size > view.size - *offset) return false;
  view.offset = *offset;
  view.size = *size;
  return true;
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

const DTypeInfo* PickledTensors::type_of(const View& view, const Made& made) const {
  if (made.function != kTensor3) return view.type;
  if (made.given.size() < 7) return nullptr;
  const std::string& name = pickle_.at(made.given[6]).text;
  return name.starts_with(kTorch) ? find_dtype(name.substr(kTorch.size())) : nullptr;
}

const PickledTensors::View& PickledTensors::view_of(const std::string& name, std::uint32_t number) {
  if (const auto view = views_.find(number); view != views_.end()) return view->second;
  if (pickle_.at(number).kind != Kind::persistent) fail_tensor(name);
  refuse_state_dict(source_, fmt::format("\"{}\": {}", name, add_storage(number)));
}

// A call with (storage, offset, shape, strides, ...), or a parameter made of one.
StoredTensor PickledTensors::read(const std::string& name, std::uint32_t number) {
  auto call = made(number);
  if (call && is_parameter(call->function)) {
    if (call->given.empty()) fail_tensor(name);
    call = made(call->given[0]);
  }
  if (!call || is_parameter(call->function) || call->given.size() < 4) fail_tensor(name);
  const Numbers given = call->given;
  const auto offset = natural(given[1]);
  const auto shape = sizes(given[2]), strides = sizes(given[3]);
  if (!offset || !shape || !strides) fail_tensor(name);
  const View& view = view_of(name, given[0]);
  const DTypeInfo* type = type_of(view, *call);
  if (type == nullptr) fail_tensor(name);
  return {.name = name,
          .type = type->type,
          .shape = *shape,
          .strides = *strides,
          .storage = view.storage,
          .offset = view_offset(name, view, type->bytes, *offset)};
}

std::uint64_t PickledTensors::view_offset(const std::string& name, const View& view,
                                          std::size_t width, std::uint64_t offset) const {
  if (view.offset % width != 0 || offset > view.size / width) fail_tensor(name);
  return view.offset / width + offset;
}

}  // namespace imgcls::weights
