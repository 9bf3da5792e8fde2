#include <imgcls/weights/part.h>
#include <imgcls/weights/pickled_tensors.h>
#include <imgcls/weights/state_dict.h>
#include <imgcls/weights/state_dict_search.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

namespace imgcls::weights {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;

// What a state dict may hold besides tensors: plain data, which is skipped.
constexpr std::array<std::string_view, 8> kPlain{
    "__builtin__.bytearray", "__builtin__.complex", "__builtin__.set",
    "_codecs.encode",  // bytes, in protocol 2
    "builtins.bytearray",    "builtins.complex",    "torch.Size",      "torch.device"};

/// What a module keeps beside its parameters and buffers, of any class.
constexpr std::string_view kExtraState = "_extra_state";

class Reader {
 public:
  Reader(const Pickle& pickle, std::string_view source)
      : pickle_(pickle), source_(source), tensors_(pickle, source), dicts_(pickle, source) {}

  StateDict read(std::string_view key) {
    ChosenDict chosen = StateDictSearch(pickle_, source_, tensors_, dicts_).choose(key);
    dicts_.for_each(chosen.dict, [&](std::uint32_t name, std::uint32_t value) {
      if (chosen.below.empty()) return add(pickle_.at(name), pickle_.at(name).text, value);
      const auto rest = behind(pickle_.at(name).text, chosen.below);
      if (rest && !rest->empty()) add(pickle_.at(name), *rest, value);
    });
    state_.storages = tensors_.storages();
    state_.key = std::move(chosen.key);
    state_.others = std::move(chosen.others);
    return std::move(state_);
  }

 private:
  [[noreturn]] void fail(std::string_view why) const { refuse_state_dict(source_, why); }

  void add(const Value& key, std::string_view name, std::uint32_t value) {
    if (!tensors_.is_tensor(value)) return skip(key, value);
    if (key.kind != Kind::text) fail("a tensor's key is not text");
    if (!names_.insert(name).second) fail(fmt::format("{} is in it twice", in_quotes(name)));
    state_.tensors.push_back(tensors_.read(std::string(name), value));
  }

  /// What may be a tensor that only Python can make is not left out in silence.
  void skip(const Value& key, std::uint32_t number) const {
    const Value& value = pickle_.at(number);
    if (value.kind == Kind::persistent) {
      fail(fmt::format("{} is a storage, and no tensor", in_quotes(key.text)));
    }
    if (value.kind != Kind::call || key.text.ends_with(kExtraState)) return;
    const std::string_view name = called(pickle_, number);
    if (std::ranges::find(kPlain, name) != kPlain.end() || dicts_.is_dict(number)) return;
    fail(fmt::format(
        "{} would call {}; only tensors are read, and nothing in a file is run: load it in Python, "
        "and save the tensors alone",
        in_quotes(key.text), name.empty() ? "what has no name" : name));
  }

  const Pickle& pickle_;
  std::string_view source_;
  PickledTensors tensors_;
  PickledDicts dicts_;
  StateDict state_;
  std::unordered_set<std::string_view> names_;
};

}  // namespace

StateDict find_state_dict(const Pickle& pickle, std::string_view source, std::string_view key) {
  return Reader(pickle, source).read(key);
}

}  // namespace imgcls::weights
