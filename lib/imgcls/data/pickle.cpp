#include <imgcls/core/error.h>
#include <imgcls/data/little_endian.h>
#include <imgcls/data/pickle.h>
#include <imgcls/data/pickle_codes.h>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace imgcls::data {
namespace {

using Code = PickleCode;
using Kind = Pickle::Kind;

/// The stack machine.
class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  Pickle run() {
    while (step()) {
    }
    if (stack_.size() != 1 || !marks_.empty()) {
      fail(fmt::format("it leaves {} values instead of one", stack_.size()));
    }
    if (at_ != bytes_.size()) fail(fmt::format("{} bytes follow its end", bytes_.size() - at_));
    pickle_.root = stack_.back();
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const {
    throw DataError(fmt::format("{} is not a usable pickle: {}", name_, reason));
  }

  std::span<const std::byte> take(std::size_t count) {
    if (bytes_.size() - at_ < count) fail("it is truncated");
    const auto taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  template <class T>
  T number() {
    return load_le<T>(take(sizeof(T)));
  }

  // Runs one instruction; false: it was the last.
  bool step() {
    const std::size_t here = at_;
    const auto code = static_cast<Code>(number<std::uint8_t>());
    switch (code) {
      case Code::kProto:
        check_protocol(number<std::uint8_t>());
        break;
      case Code::kStop:
        return false;
      case Code::kMark:
        marks_.push_back(stack_.size());
        break;
      case Code::kEmptyDict:
        push(Kind::dict, {});
        break;
      case Code::kEmptyList:
        push(Kind::list, {});
        break;
      case Code::kEmptyTuple:
        push(Kind::tuple, {});
        break;
      case Code::kTuple:
        push(Kind::tuple, pop_to_mark());
        break;
      case Code::kTuple1:
        push(Kind::tuple, pop(1));
        break;
      case Code::kTuple2:
        push(Kind::tuple, pop(2));
        break;
      case Code::kTuple3:
        push(Kind::tuple, pop(3));
        break;
      case Code::kBinUnicode:
        push_text();
        break;
      case Code::kBinPut:
        put(number<std::uint8_t>());
        break;
      case Code::kLongBinPut:
        put(number<std::uint32_t>());
        break;
      case Code::kBinGet:
        get(number<std::uint8_t>());
        break;
      case Code::kLongBinGet:
        get(number<std::uint32_t>());
        break;
      case Code::kSetItem:
        extend(Kind::dict, pop(2));
        break;
      case Code::kSetItems:
        extend(Kind::dict, pop_to_mark());
        break;
      case Code::kAppend:
        extend(Kind::list, pop(1));
        break;
      case Code::kAppends:
        extend(Kind::list, pop_to_mark());
        break;
      default:
        fail(
            fmt::format("instruction {:#04x} at byte {} is not one that dictionaries, lists, "
                        "tuples and texts need; it is not run",
                        static_cast<int>(code), here));
    }
    return true;
  }

  void check_protocol(int protocol) const {
    if (protocol != kPickleProtocol) {
      fail(fmt::format("its protocol is {}; expected {}", protocol, kPickleProtocol));
    }
  }

  void push(Kind kind, std::vector<std::uint32_t> items) {
    stack_.push_back(pickle_.add(kind, std::move(items)));
  }

  void push_text() {
    const auto text = take(number<std::uint32_t>());
    stack_.push_back(
        pickle_.add(std::string_view(reinterpret_cast<const char*>(text.data()), text.size())));
  }

  // The last `count` values, which must stand above the last mark.
  std::vector<std::uint32_t> pop(std::size_t count) {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() - floor < count) fail("it takes more values than there are");
    std::vector<std::uint32_t> items(stack_.end() - static_cast<std::ptrdiff_t>(count),
                                     stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }

  std::vector<std::uint32_t> pop_to_mark() {
    if (marks_.empty()) fail("it goes back to a mark that is not there");
    std::vector<std::uint32_t> items = pop(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  void put(std::uint32_t key) { memory_[key] = top(); }

  void get(std::uint32_t key) {
    const auto found = memory_.find(key);
    if (found == memory_.end()) fail(fmt::format("it recalls value {}, never stored", key));
    stack_.push_back(found->second);
  }

  std::uint32_t top() const {
    if (stack_.size() == (marks_.empty() ? 0 : marks_.back())) fail("it takes a value of none");
    return stack_.back();
  }

  void extend(Kind kind, const std::vector<std::uint32_t>& items) {
    Pickle::Value& value = pickle_.at(top());
    if (value.kind != kind) fail("it adds items to what cannot hold them");
    if (kind == Kind::dict && items.size() % 2 != 0) fail("it sets a key without a value");
    value.items.insert(value.items.end(), items.begin(), items.end());
  }

  std::span<const std::byte> bytes_;
  std::string_view name_;
  std::size_t at_ = 0;
  Pickle pickle_;
  std::vector<std::uint32_t> stack_;
  std::vector<std::size_t> marks_;  // sizes of the stack
  std::unordered_map<std::uint32_t, std::uint32_t> memory_;
};

}  // namespace

std::uint32_t Pickle::add(Kind kind, std::vector<std::uint32_t> items) {
  values_.push_back({kind, {}, std::move(items)});
  return static_cast<std::uint32_t>(values_.size() - 1);
}

std::uint32_t Pickle::add(std::string_view text) {
  values_.push_back({Kind::text, std::string(text), {}});
  return static_cast<std::uint32_t>(values_.size() - 1);
}

Pickle read_pickle(std::span<const std::byte> bytes, std::string_view name) {
  return Machine(bytes, name).run();
}

}  // namespace imgcls::data
