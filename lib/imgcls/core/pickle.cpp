#include <imgcls/core/error.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/core/pickle.h>
#include <imgcls/core/pickle_codes.h>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace imgcls {
namespace {

using Code = PickleCode;
using Kind = Pickle::Kind;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The stack machine.
class Machine {
 public:
  Machine(ByteCursor& cursor, std::string_view source, const PickleNames& names)
      : cursor_(cursor), source_(source), names_(names) {}

  Pickle run() {
    while (step()) {
    }
    if (stack_.size() != 1 || !marks_.empty()) {
      fail(fmt::format("it leaves {} values instead of one", stack_.size()));
    }
    pickle_.root = stack_.back();
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const {
    throw DataError(fmt::format("{} is not a usable pickle: {}", source_, reason));
  }

  std::span<const std::byte> take(std::size_t count) {
    if (cursor_.remaining() < count) fail("it is truncated");
    return cursor_.take(count);
  }
  template <class T>
  T number() {
    return load_le<T>(take(sizeof(T)));
  }

  // Runs one instruction; false: it was the last.
  bool step() {
    const std::uint64_t here = cursor_.position();
    const auto code = static_cast<Code>(number<std::uint8_t>());
    if (code == Code::kStop) return false;
    if (!make_simple(code) && !make_collection(code) && !refer(code)) {
      fail(fmt::format("instruction {:#04x} at byte {} is not one that {} needs; it is not run",
                       static_cast<int>(code), here, names_.purpose));
    }
    return true;
  }

  // Numbers and texts.
  bool make_simple(Code code) {
    switch (code) {
      case Code::kProto:
        check_protocol(number<std::uint8_t>());
        return true;
      case Code::kNone:
        return push({Kind::none});
      case Code::kNewTrue:
        return push({.kind = Kind::boolean, .integer = 1});
      case Code::kNewFalse:
        return push({.kind = Kind::boolean, .integer = 0});
      case Code::kBinInt:
        return push_integer(static_cast<std::int32_t>(number<std::uint32_t>()));
      case Code::kBinInt1:
        return push_integer(number<std::uint8_t>());
      case Code::kBinInt2:
        return push_integer(number<std::uint16_t>());
      case Code::kLong1:
        return push_long(take(number<std::uint8_t>()));
      case Code::kBinFloat:
        take(8);
        return push({Kind::opaque});
      case Code::kBinUnicode:
      case Code::kBinString:
        return push_text(take(number<std::uint32_t>()));
      case Code::kShortBinString:
        return push_text(take(number<std::uint8_t>()));
      default:
        return false;
    }
  }

  bool make_collection(Code code) {
    switch (code) {
      case Code::kMark:
        marks_.push_back(stack_.size());
        return true;
      case Code::kEmptyDict:
        return push({Kind::dict});
      case Code::kEmptyList:
        return push({Kind::list});
      case Code::kEmptyTuple:
        return push({Kind::tuple});
      case Code::kTuple:
        return push({.kind = Kind::tuple, .items = pop_to_mark()});
      case Code::kTuple1:
        return push({.kind = Kind::tuple, .items = pop(1)});
      case Code::kTuple2:
        return push({.kind = Kind::tuple, .items = pop(2)});
      case Code::kTuple3:
        return push({.kind = Kind::tuple, .items = pop(3)});
      case Code::kSetItem:
        return extend(Kind::dict, pop(2));
      case Code::kSetItems:
        return extend(Kind::dict, pop_to_mark());
      case Code::kAppend:
        return extend(Kind::list, pop(1));
      case Code::kAppends:
        return extend(Kind::list, pop_to_mark());
      default:
        return false;
    }
  }

  // What was there before, and what Python would look up or call.
  bool refer(Code code) {
    switch (code) {
      case Code::kBinPut:
        return put(number<std::uint8_t>());
      case Code::kLongBinPut:
        return put(number<std::uint32_t>());
      case Code::kBinGet:
        return get(number<std::uint8_t>());
      case Code::kLongBinGet:
        return get(number<std::uint32_t>());
      case Code::kGlobal:
        return push_global();
      case Code::kReduce:
      case Code::kNewObject:
        return push_call(pop(2));
      case Code::kBuild:  // an object's attributes, which hold no weights
        pop(1);
        top();
        return true;
      case Code::kBinPersistentId:
        return push({.kind = Kind::persistent, .items = pop(1)});
      default:
        return false;
    }
  }

  void check_protocol(int protocol) const {
    if (protocol != kPickleProtocol) {
      fail(fmt::format("its protocol is {}; expected {}", protocol, kPickleProtocol));
    }
  }

  bool push(Pickle::Value value) {
    stack_.push_back(pickle_.add(std::move(value)));
    return true;
  }

  bool push_integer(std::int64_t integer) {
    return push({.kind = Kind::integer, .integer = integer});
  }

  // A number in two's complement.
  bool push_long(std::span<const std::byte> bytes) {
    if (bytes.size() > sizeof(std::int64_t)) return push({Kind::opaque});
    const bool negative = !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{0};
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
      value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    }
    return push_integer(static_cast<std::int64_t>(value));
  }

  bool push_text(std::span<const std::byte> text) {
    return push({.kind = Kind::text, .text = std::string(text_of(text))});
  }

  std::string line() {
    constexpr std::size_t kLongest = 200;
    std::string line;
    for (char c; (c = static_cast<char>(number<std::uint8_t>())) != '\n'; line += c) {
      if (line.size() == kLongest) fail("it names something with an endless name");
    }
    return line;
  }

  bool push_global() {
    std::string name = line();
    name += '.' + line();
    if (std::ranges::find(names_.known, name) == names_.known.end()) {
      fail(fmt::format("it would call {}; only {} is read, and nothing is run", name,
                       names_.purpose));
    }
    return push({.kind = Kind::global, .text = std::move(name)});
  }

  bool push_call(std::vector<std::uint32_t> items) {
    if (pickle_.at(items[0]).kind != Kind::global || pickle_.at(items[1]).kind != Kind::tuple) {
      fail("it calls what is no function, or with what are no arguments");
    }
    return push({.kind = Kind::call, .items = std::move(items)});
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

  bool put(std::uint32_t key) {
    memory_[key] = top();
    return true;
  }

  bool get(std::uint32_t key) {
    const auto found = memory_.find(key);
    if (found == memory_.end()) fail(fmt::format("it recalls value {}, never stored", key));
    stack_.push_back(found->second);
    return true;
  }

  std::uint32_t top() const {
    if (stack_.size() == (marks_.empty() ? 0 : marks_.back())) fail("it takes a value of none");
    return stack_.back();
  }

  bool extend(Kind kind, const std::vector<std::uint32_t>& items) {
    Pickle::Value& value = pickle_.at(top());
    if (value.kind != kind && value.kind != Kind::call) {
      fail("it adds items to what cannot hold them");
    }
    if (kind == Kind::dict && items.size() % 2 != 0) fail("it sets a key without a value");
    value.items.insert(value.items.end(), items.begin(), items.end());
    return true;
  }

  ByteCursor& cursor_;
  std::string_view source_;
  const PickleNames& names_;
  Pickle pickle_;
  std::vector<std::uint32_t> stack_;
  std::vector<std::size_t> marks_;  // sizes of the stack
  std::unordered_map<std::uint32_t, std::uint32_t> memory_;
};

}  // namespace

std::uint32_t Pickle::add(Value value) {
  values_.push_back(std::move(value));
  return static_cast<std::uint32_t>(values_.size() - 1);
}

std::uint32_t Pickle::add(Kind kind, std::vector<std::uint32_t> items) {
  return add({.kind = kind, .items = std::move(items)});
}

std::uint32_t Pickle::add(std::string_view text) {
  return add({.kind = Kind::text, .text = std::string(text)});
}

std::uint32_t Pickle::add_integer(std::int64_t integer) {
  return add({.kind = Kind::integer, .integer = integer});
}

Pickle read_pickle(ByteCursor& cursor, std::string_view source, const PickleNames& names) {
  return Machine(cursor, source, names).run();
}

Pickle read_pickle(std::span<const std::byte> bytes, std::string_view source,
                   const PickleNames& names) {
  const MemorySource memory(bytes, source);
  ByteCursor cursor(memory, 0, bytes.size());
  Pickle pickle = read_pickle(cursor, source, names);
  if (cursor.remaining() > 0) {
    throw DataError(fmt::format("{} is not a usable pickle: {} bytes follow its end", source,
                                cursor.remaining()));
  }
  return pickle;
}

}  // namespace imgcls
