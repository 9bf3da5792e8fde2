#include <imgcls/core/pickle.h>
#include <imgcls/weights/pth.h>

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>

namespace imgcls::weights {
namespace {

using Kind = Pickle::Kind;
using Number = std::uint32_t;

/// Makes the values that PyTorch pickles. Texts and names that are the same object in Python are
/// one value here, too, so that the bytes are the same.
class Maker {
 public:
  std::vector<std::byte> make(std::span<const StoredTensor> tensors) {
    const Number dict = empty_ordered_dict();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Number name = pickle_.add(tensors[i].name);
      const Number tensor = add_tensor(tensors[i], i);
      auto& items = pickle_.at(dict).items;
      items.insert(items.end(), {name, tensor});
    }
    pickle_.root = dict;
    return write_pickle(pickle_);
  }

 private:
  Number global(const std::string& name) {
    const auto [found, is_new] = globals_.try_emplace(name, 0);
    if (is_new) found->second = pickle_.add({.kind = Kind::global, .text = name});
    return found->second;
  }

  Number shared_text(const std::string& text) {
    const auto [found, is_new] = texts_.try_emplace(text, 0);
    if (is_new) found->second = pickle_.add(text);
    return found->second;
  }

  Number call(const std::string& name, std::vector<Number> arguments) {
    const Number tuple = pickle_.add(Kind::tuple, std::move(arguments));
    return pickle_.add(Kind::call, {global(name), tuple});
  }

  Number empty_ordered_dict() { return call("collections.OrderedDict", {}); }

  Number integers(const std::vector<std::int64_t>& values) {
    std::vector<Number> numbers;
    numbers.reserve(values.size());
    for (const std::int64_t value : values) numbers.push_back(pickle_.add_integer(value));
    return pickle_.add(Kind::tuple, std::move(numbers));
  }

  Number add_storage(const StoredTensor& tensor, std::size_t number) {
    const DTypeInfo& type = info(tensor.type);
    const bool typed = !type.storage.empty();
    const Number class_name =
        global(typed ? fmt::format("torch.{}", type.storage) : "torch.storage.UntypedStorage");
    const auto size = static_cast<std::int64_t>(typed ? tensor.count() : tensor.bytes());
    const Number key = pickle_.add(fmt::format("{}", number));
    const Number values = pickle_.add_integer(size);
    const Number description = pickle_.add(
        Kind::tuple, {shared_text("storage"), class_name, key, shared_text("cpu"), values});
    return pickle_.add(Kind::persistent, {description});
  }

  Number add_tensor(const StoredTensor& tensor, std::size_t number) {
    const DTypeInfo& type = info(tensor.type);
    const Number no_gradient = pickle_.add({.kind = Kind::boolean, .integer = 0});
    std::vector<Number> arguments{add_storage(tensor, number),
                                  pickle_.add_integer(0),
                                  integers(tensor.shape),
                                  integers(contiguous_strides(tensor.shape)),
                                  no_gradient,
                                  empty_ordered_dict()};
    if (!type.storage.empty()) return call("torch._utils._rebuild_tensor_v2", std::move(arguments));
    arguments.push_back(global(fmt::format("torch.{}", type.name)));
    return call("torch._utils._rebuild_tensor_v3", std::move(arguments));
  }

  Pickle pickle_;
  std::map<std::string, Number> globals_, texts_;
};

}  // namespace

std::vector<std::byte> pth_pickle(std::span<const StoredTensor> tensors) {
  return Maker().make(tensors);
}

}  // namespace imgcls::weights
